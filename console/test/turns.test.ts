import { expect, it } from 'vitest'
import { takeTurn } from '../src/commands/turns'

it('shows answers about what was asked last only', () => {
  const may = takeTurn('month', 'May')
  expect(may.counts()).toBe(true)
  const june = takeTurn('month', 'June')
  const people = takeTurn('people', '')
  expect([may.counts(), june.counts(), people.counts()]).toEqual([false, true, true])
})

it('shows answers to one question in the order of the questions, and waits for none that is newer', () => {
  const first = takeTurn('list', '')
  const second = takeTurn('list', '')
  const third = takeTurn('list', '')
  expect([first.counts(), third.counts(), second.counts()]).toEqual([true, true, false])
  expect([first.isLast(), second.isLast(), third.isLast()]).toEqual([false, false, true])
})
