import { expect, it } from 'vitest'
import { takeTurn } from '../src/commands/turns'

it('is the last who asked whose answer counts, for each part of the screen', () => {
  const may = takeTurn('month')
  expect(may()).toBe(true)
  const june = takeTurn('month')
  const people = takeTurn('people')
  expect([may(), june(), people()]).toEqual([false, true, true])
})
