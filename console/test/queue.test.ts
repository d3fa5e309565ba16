import { expect, it } from 'vitest'
import { afterwards } from '../src/commands/queue'

function steps() {
  const begun: string[] = []
  const ends: Record<string, (done: boolean) => void> = {}
  const act = (name: string) => () => {
    begun.push(name)
    return new Promise<boolean>((end) => (ends[name] = end))
  }
  return { begun, ends, act }
}

it('does what was asked for under one key in its order, and other keys meanwhile', async () => {
  const { begun, ends, act } = steps()
  const one = afterwards('keys', act('1'))
  const again = afterwards('keys', act('1 again'))
  void afterwards('other', act('other'))
  expect(begun).toEqual(['1', 'other'])
  ends['1']?.(true)
  expect(await one).toBe(true)
  expect(begun).toEqual(['1', 'other', '1 again'])
  ends['1 again']?.(true)
  expect(await again).toBe(true)
})

it('gives up what waits behind a failure, and begins anew after it', async () => {
  const { begun, ends, act } = steps()
  const one = afterwards('switch', act('in'))
  const behind = afterwards('switch', act('out'))
  ends['in']?.(false)
  expect([await one, await behind]).toEqual([false, false])
  void afterwards('switch', act('anew'))
  expect(begun).toEqual(['in', 'anew'])
})
