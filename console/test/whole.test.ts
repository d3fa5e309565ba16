import { describe, expect, it } from 'vitest'
import { Whole, type Page } from '../src/ui/whole'

/** A list of numbers whose pages come when they are told to. */
function slow(count: number) {
  const asked: number[] = []
  const answers: (() => void)[] = []
  const length = { now: count }
  const read = (offset: number, limit: number) =>
    new Promise<Page<number> | undefined>((resolve) => {
      asked.push(offset)
      answers.push(() => {
        const size = Math.max(0, Math.min(limit, length.now - offset))
        resolve({ rows: Array.from({ length: size }, (_, at) => offset + at), count: length.now })
      })
    })
  const answer = async () => {
    answers.shift()?.()
    await new Promise((resolve) => setTimeout(resolve))
  }
  return { asked, answer, read, length }
}

describe('a whole list', () => {
  it('knows its length and its first rows after one page', async () => {
    const { read, answer, asked } = slow(100_000)
    const list = new Whole(read)
    list.look(0, 20)
    expect(list.at(0)).toBeUndefined()
    await answer()
    expect([list.count.value, list.at(0), list.at(99)]).toEqual([100_000, 0, 99])
    expect(asked).toEqual([0])
  })

  it('jumps to any place, and reads nothing of what a fling passes by', async () => {
    const { read, answer, asked } = slow(100_000)
    const list = new Whole(read)
    list.look(0, 20)
    await answer()
    for (let place = 0; place < 90_000; place += 37) list.look(place, place + 20)
    list.look(50_040, 50_060)
    await answer()
    await answer()
    expect(list.at(50_040)).toBe(50_040)
    expect(asked.length).toBeLessThanOrEqual(3)
    expect(asked.at(-1)).toBe(50_000)
  })

  it('reads both pages over whose edge the eyes are', async () => {
    const { read, answer } = slow(500)
    const list = new Whole(read)
    list.look(0, 20)
    await answer()
    list.look(190, 210)
    await answer()
    await answer()
    expect([list.at(199), list.at(200)]).toEqual([199, 200])
  })

  it('forgets what comes late for another list', async () => {
    const { read, answer } = slow(300)
    const list = new Whole(read)
    list.look(0, 20)
    void list.reset()
    await answer()
    expect(list.at(0)).toBeUndefined()
    await answer()
    expect(list.at(0)).toBe(0)
  })

  it('reads anew what was read of a list that has another length now', async () => {
    const { read, answer, length, asked } = slow(300)
    const list = new Whole(read)
    list.look(0, 20)
    await answer()
    length.now = 301
    list.look(200, 220)
    await answer()
    expect([list.count.value, list.at(200), list.at(0)]).toEqual([301, 200, undefined])
    list.look(0, 20)
    await answer()
    expect([list.at(0), asked]).toEqual([0, [0, 200, 0]])
  })

  it('keeps no more pages than it may', async () => {
    const { read, answer } = slow(1_000)
    const list = new Whole(read, 100, 3)
    for (const place of [0, 100, 200, 300]) {
      list.look(place, place + 20)
      await answer()
    }
    expect([list.at(0), list.at(100), list.at(300)]).toEqual([undefined, 100, 300])
  })

  it('asks again when a page did not come', async () => {
    let fails = true
    const list = new Whole(async () => (fails ? undefined : { rows: [1], count: 1 }))
    list.look(0, 20)
    await new Promise((resolve) => setTimeout(resolve))
    expect(list.count.value).toBeNull()
    fails = false
    list.look(0, 20)
    await new Promise((resolve) => setTimeout(resolve))
    expect(list.at(0)).toBe(1)
  })

  it('is empty when there is nothing', async () => {
    const { read, answer } = slow(0)
    const list = new Whole(read)
    list.look(0, 20)
    await answer()
    list.look(0, 0)
    expect([list.count.value, list.at(0)]).toEqual([0, undefined])
  })
})
