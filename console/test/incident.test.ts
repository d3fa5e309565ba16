import { describe, expect, it } from 'vitest'
import { INCIDENT_STATES } from '../src/api/types'
import { draftOf, merge } from '../src/incident/draft'
import { nextStates, takesReason } from '../src/incident/shown'
import { entryMore, entryTone } from '../src/incident/entry'
import { incident } from './make'

const entry = (kind: string, body: Record<string, unknown> = {}) => ({
  seq: 1,
  id: 'e',
  incident_id: 'i1',
  at: 0,
  kind,
  login: 'li',
  ref: '',
  body,
})

describe('the states of an incident', () => {
  it('go forward to any, back by one, and end with a review', () => {
    expect(nextStates('dispatched', false)).toEqual([
      'verified',
      'en_route',
      'on_scene',
      'controlled',
      'closed',
    ])
    expect(nextStates('closed', false)).toEqual([])
    expect(nextStates('closed', true)).toEqual(['controlled', 'reviewed'])
    expect(nextStates('reviewed', true)).toEqual(['controlled'])
  })

  it('ask why only on the way back', () => {
    for (const [at, before] of INCIDENT_STATES.entries())
      for (const after of nextStates(before, true))
        expect(takesReason(before, after)).toBe(INCIDENT_STATES.indexOf(after) < at)
  })
})

describe('two who type in one field', () => {
  it('see both texts, and only for the fields that both changed', () => {
    const base = incident({ title: 'a', address: 'x' })
    const fresh = { ...base, title: 'theirs', address: 'y', version: 2 }
    const merged = merge({ ...draftOf(base), title: 'mine' }, base, fresh)
    expect(merged.both).toEqual([{ field: 'title', theirs: 'theirs', mine: 'mine' }])
    expect([merged.draft.title, merged.draft.address]).toEqual(['theirs', 'y'])
  })
})

describe('an entry of the timeline', () => {
  it('tells what was replaced by what', () => {
    const body = { fields: { title: ['', 'Fire'], grade: [4, 2] } }
    expect(entryMore(entry('incident.edited', body))).toBe('title: – → Fire; grade: 4 → 2')
    expect(entryMore(entry('incident.edited', body), () => 'X')).toBe('X: – → Fire; X: 4 → 2')
  })

  it('tells a reason in words, and what was said as it stands', () => {
    const reason = (code: string) => (code === 'call ended' ? '通话已结束' : code)
    const more = (body: Record<string, unknown>) => entryMore(entry('x', body), undefined, reason)
    expect(more({ reason: 'call ended' })).toBe('通话已结束')
    expect(more({ why: 'call ended' })).toBe('通话已结束')
    expect(more({ text: 'call ended' })).toBe('call ended')
    expect(more({ reason: 7 })).toBe('')
  })

  it('marks what is late', () => {
    expect(entryTone('incident.order_overdue')).toBe('bad')
    expect(entryTone('call.answered')).toBe('')
  })
})
