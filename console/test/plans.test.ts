import { describe, expect, it } from 'vitest'
import { clockIn, dateIn, monthsOn, weekday } from '../src/duty/days'
import { compact, emptyPlan } from '../src/plans/form'
import { levelFor, suits } from '../src/plans/suits'
import { joined, keysOf, wordsOf } from '../src/ui/words'

describe('the form of a plan', () => {
  it('leaves out what was left empty and keeps what was said', () => {
    const body = emptyPlan()
    Object.assign(body, { key: 'flood', name: '防汛', trigger: { types: [], auto: false } })
    const step = {
      id: 's1',
      do: 'notify' as const,
      text: '集合',
      confirm: false,
      to: { groups: ['消防'], area: false },
    }
    body.levels[0]!.steps = [{ ...step, after: [], deadline_minutes: 0 }]
    expect(compact(body)).toEqual({
      key: 'flood',
      name: '防汛',
      levels: [{ id: 'l1', steps: [{ ...step, to: { groups: ['消防'] } }] }],
    })
  })

  it('keeps the name and key even when they are empty, so that the server names them', () => {
    expect(compact(emptyPlan())).toMatchObject({ key: '', name: '' })
  })

  it('takes a name with spaces for one group', () => {
    expect(keysOf(' Fire Station 2 ', [])).toEqual(['Fire Station 2'])
    expect(keysOf('消防 一队，医疗 二队、Water Rescue,', [])).toEqual([
      '消防 一队',
      '医疗 二队',
      'Water Rescue',
    ])
    expect(keysOf(' , ', [])).toEqual([])
  })

  it('takes a name with a comma that is known for one group', () => {
    const known = [{ key: 'Rescue, north' }]
    expect(keysOf('Rescue, north', known)).toEqual(['Rescue, north'])
    expect(keysOf('Rescue, south', known)).toEqual(['Rescue', 'south'])
  })

  it('names each once, in the order in which they came', () => {
    expect(joined(['b', 'a'], ['a', 'c', 'c'])).toEqual(['b', 'a', 'c'])
  })

  it('takes words with commas of both languages', () => {
    expect(wordsOf(' 消防，医疗、 a,b  c ')).toEqual(['消防', '医疗', 'a', 'b', 'c'])
  })
})

describe('the month of a roster', () => {
  it('goes over the end of a year', () => {
    expect(monthsOn('2026-12', 1)).toBe('2027-01')
    expect(monthsOn('2026-01', -1)).toBe('2025-12')
  })

  it('begins its weeks on Monday', () => {
    expect(weekday('2026-11-22')).toBe(7)
    expect(weekday('2026-11-23')).toBe(1)
  })

  it('shows the time of the place, not of the browser', () => {
    expect(clockIn(Date.UTC(2026, 10, 22, 0, 0), 'Asia/Shanghai')).toBe('08:00')
    expect(clockIn(Date.UTC(2026, 2, 29, 1, 0), 'Europe/Berlin')).toBe('03:00')
  })
})

describe('which plan is for an incident', () => {
  const fire = { type: '20701', grade: 3, address: '自流井区光大街12号' }

  it('matches types by their beginning, grades and parts of the address', () => {
    expect(suits({ types: ['207'], grades: [2, 3], areas: ['自流井区'] }, fire)).toBe(true)
    expect(suits({}, fire)).toBe(true)
  })

  it('does not match what the incident says nothing about', () => {
    expect(suits(null, fire)).toBe(false)
    expect(suits({ grades: [1] }, fire)).toBe(false)
    expect(suits({ types: ['207'] }, { ...fire, type: '' })).toBe(false)
    expect(suits({ areas: ['自流井区'] }, { ...fire, address: null })).toBe(false)
  })

  it('starts at the level of the grade, else at the first for any', () => {
    const plan = { ...emptyPlan(), levels: ['a', 'b'].map((id) => ({ id, steps: [] })) }
    Object.assign(plan.levels[1]!, { grades: [3] })
    expect(levelFor(plan, 3)?.id).toBe('b')
    expect(levelFor(plan, 4)?.id).toBe('a')
  })
})

describe('the day of a shift', () => {
  it('is that of its place', () => {
    expect(dateIn(Date.UTC(2026, 10, 22, 18), 'Asia/Shanghai')).toBe('2026-11-23')
    expect(dateIn(Date.UTC(2026, 10, 22, 18), 'UTC')).toBe('2026-11-22')
  })
})
