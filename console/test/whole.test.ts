import { describe, expect, it } from 'vitest'
import { Whole, type Page } from '../src/ui/whole'
import { drawn, inView, scrolledBy, scrolledTo } from '../src/ui/window'

const itself = (row: number) => row
const soon = () => new Promise((resolve) => setTimeout(resolve))

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
    const list = new Whole(read, itself)
    list.look(0, 20)
    expect(list.at(0)).toBeUndefined()
    await answer()
    expect([list.count.value, list.at(0), list.at(99)]).toEqual([100_000, 0, 99])
    expect(asked).toEqual([0])
  })

  it('jumps to any place, and reads nothing of what a fling passes by', async () => {
    const { read, answer, asked } = slow(100_000)
    const list = new Whole(read, itself)
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
    const list = new Whole(read, itself)
    list.look(0, 20)
    await answer()
    list.look(190, 210)
    await answer()
    await answer()
    expect([list.at(199), list.at(200)]).toEqual([199, 200])
  })

  it('forgets what comes late for another list', async () => {
    const { read, answer } = slow(300)
    const list = new Whole(read, itself)
    list.look(0, 20)
    void list.reset()
    await answer()
    expect(list.at(0)).toBeUndefined()
    await answer()
    expect(list.at(0)).toBe(0)
  })

  it('reads anew what was read of a list that has another length now', async () => {
    const { read, answer, length, asked } = slow(300)
    const list = new Whole(read, itself)
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
    const list = new Whole(read, itself, 100, 3)
    for (const place of [0, 100, 200, 300]) {
      list.look(place, place + 20)
      await answer()
    }
    expect([list.at(0), list.at(100), list.at(300)]).toEqual([undefined, 100, 300])
  })

  it('asks again when a page did not come', async () => {
    let fails = true
    const list = new Whole(async () => (fails ? undefined : { rows: [1], count: 1 }), itself)
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
    const list = new Whole(read, itself)
    list.look(0, 20)
    await answer()
    list.look(0, 0)
    expect([list.count.value, list.at(0)]).toEqual([0, undefined])
  })
})

/** A list that answers at once, newest first: `rows` may be changed at any time. */
function lively(length: number) {
  const rows = Array.from({ length }, (_, at) => length - at)
  const read = async (offset: number, limit: number) => ({
    rows: rows.slice(offset, offset + limit),
    count: rows.length,
  })
  return { rows, list: new Whole(read, itself) }
}

describe('a list that changes under the eyes', () => {
  it.each([1, 7, 350])('keeps what is seen when %i rows come on top', async (fresh) => {
    const { rows, list } = lively(1_000)
    list.look(492, 528, 500)
    await soon()
    const seen = list.at(500)
    for (let n = 1; n <= fresh; n += 1) rows.unshift(1_000 + n)
    await list.renew()
    expect([list.moved.value, list.at(500 + fresh), list.count.value]).toEqual([fresh, seen, 1_000 + fresh])
  })

  it('keeps it when rows above have gone, and the first that was seen as well', async () => {
    const { rows, list } = lively(1_000)
    list.look(292, 328, 300)
    await soon()
    const second = list.at(301)
    rows.splice(300, 1)
    rows.splice(10, 2)
    await list.renew()
    expect([list.moved.value, list.at(298)]).toEqual([-3, second])
  })

  it('does not move when rows below come or go', async () => {
    const { rows, list } = lively(1_000)
    list.look(92, 128, 100)
    await soon()
    rows.splice(900, 50)
    await list.renew()
    expect([list.moved.value, list.at(100), list.count.value]).toEqual([0, 900, 950])
  })

  it('shows what is new to whoever is at the top', async () => {
    const { rows, list } = lively(1_000)
    list.look(0, 30)
    await soon()
    rows.unshift(1_001)
    await list.renew()
    expect([list.moved.value, list.at(0)]).toEqual([0, 1_001])
  })

  it('keeps what is seen when a page that is scrolled to tells of rows on top', async () => {
    const { rows, list } = lively(1_000)
    list.look(150, 180, 158)
    await soon()
    rows.unshift(1_002, 1_001)
    list.look(180, 210, 188)
    await soon()
    expect([list.moved.value, list.at(190), list.at(205)]).toEqual([2, 812, 797])
  })

  it('is at its top when it is another list', async () => {
    const { list } = lively(1_000)
    list.look(492, 528, 500)
    await soon()
    await list.reset()
    expect([list.at(0), list.at(500)]).toEqual([1_000, undefined])
  })
})

describe('the rows in view', () => {
  const ROW = 50
  it('are those of the scroll bar, with some above and below', () => {
    expect(inView(100_000, ROW, 50_000, 500)).toEqual({ first: 992, last: 1_018, eye: 1_000, lower: 0 })
    expect(inView(5, ROW, 0, 500)).toMatchObject({ first: 0, last: 5, eye: 0 })
    expect(inView(0, ROW, 0, 500)).toMatchObject({ first: 0, last: 0, eye: 0 })
  })

  it('reach the last of a list that no browser could draw as long as it is', () => {
    const count = 2_000_000
    const bottom = drawn(count, ROW) - 500
    const { last, eye, lower } = inView(count, ROW, bottom, 500)
    expect(last).toBe(count)
    expect(Math.abs(count - 10 - eye)).toBeLessThanOrEqual(1)
    // The last row ends where the drawn list ends.
    expect(Math.abs(count * ROW + lower - drawn(count, ROW))).toBeLessThan(1)
    expect(bottom).toBeLessThan(16_000_000)
  })

  it.each([1_000, 2_000_000])('come into view by their place, of %i rows', (count) => {
    for (const place of [0, 7, 500, count - 1]) {
      const top = Math.min(scrolledTo(count, ROW, 0, 500, place), drawn(count, ROW) - 500)
      const { first, last, eye } = inView(count, ROW, top, 500)
      expect(first <= place && place < last).toBe(true)
      expect(eye <= place + 1).toBe(true)
    }
    const top = scrolledBy(count, ROW, 5_000, 500, 3)
    expect(inView(count, ROW, top, 500).eye - inView(count, ROW, 5_000, 500).eye).toBe(3)
  })
})
