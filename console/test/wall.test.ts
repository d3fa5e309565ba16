import { describe, expect, it } from 'vitest'
import { byClass, deskCount, longest, openIncidents } from '../src/wall/derive'
import { around } from '../src/map/geometry'
import { extension, incident, waiting } from './make'

describe('the wall of the command room', () => {
  it('counts who waits by number and keeps the rows of those for whom nobody waits', () => {
    const rows = byClass(
      ['110', '119', '120'],
      [
        waiting({ digits: '120', since: 5 }),
        waiting({ digits: '120', since: 3 }),
        waiting({ digits: '96110' }),
      ],
    )
    expect(rows.map(({ digits, count }) => [digits, count])).toEqual([
      ['110', 0],
      ['119', 0],
      ['120', 2],
      ['96110', 1],
    ])
    expect(rows[2]?.oldest).toBe(3)
    expect(longest([])).toBeNull()
  })

  it('shows open incidents, the worst grade first and ungraded ones last', () => {
    const found = openIncidents([
      incident({ id: 'none', grade: 0 }),
      incident({ id: 'old', grade: 2, created_at: 1 }),
      incident({ id: 'new', grade: 2, created_at: 2 }),
      incident({ id: 'worst', grade: 1 }),
      incident({ id: 'closed', grade: 1, status: 'closed' }),
      incident({ id: 'merged', grade: 1, merged_into: 'worst' }),
    ])
    expect(found.map(({ id }) => id)).toEqual(['worst', 'new', 'old', 'none'])
  })

  it('counts desks that are ready, manned, and there', () => {
    const desks = [
      extension({ kind: 'desk', user: 'li', duty: 'ready' }),
      extension({ kind: 'desk', user: 'wang', duty: 'paused' }),
      extension({ kind: 'desk', user: null, duty: 'off' }),
      extension({ kind: 'phone', user: null, duty: null }),
    ]
    expect(deskCount(desks)).toEqual({ ready: 1, seated: 2, all: 3 })
  })

  it('looks at all that stands on the map', () => {
    expect(around([])).toBeNull()
    const box = around([
      { lon: 104, lat: 30 },
      { lon: 105, lat: 29 },
    ])
    expect(box).toEqual({ west: 104, south: 29, east: 105, north: 30 })
  })
})
