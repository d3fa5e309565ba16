import { describe, expect, it } from 'vitest'
import { clockIn, monthsOn, weekday } from '../src/duty/days'
import { compact, emptyPlan, wordsOf } from '../src/plans/form'

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
