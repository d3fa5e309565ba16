import { describe, expect, it } from 'vitest'
import type { NoticePerson, Room, RoomMember } from '../src/api/conferences'
import {
  csvOf,
  everyone,
  groupLines,
  groupText,
  handsOf,
  ledgerShows,
  memberWord,
  membersOf,
  rate,
  rollCounts,
  roomOf,
  shifted,
  showCounts,
  typedNumbers,
  widths,
} from '../src/conference/derive'
import { CONFERENCE_KEYS, keyOf, pageAction } from '../src/conference/keys'
import { keyName } from '../src/keys/field'
import { en } from '../src/i18n/en'

const member = (change: Partial<RoomMember> = {}): RoomMember => ({
  id: 'm',
  room_id: 'r',
  number: '2001',
  name: '',
  extension: '2001',
  role: 'member',
  state: 'in',
  since: 0,
  muted: false,
  floor: false,
  heard: true,
  hand: null,
  tries: 0,
  cause: 0,
  auto_answer: false,
  ...change,
})
const room = (change: Partial<Room> = {}): Room => ({
  id: 'r',
  number: '801',
  name: '',
  kind: 'adhoc',
  state: 'open',
  since: 0,
  has_pin: false,
  most: 50,
  entry_tone: true,
  starts_at: null,
  ends_at: null,
  chairs: [],
  locked: false,
  lecture: false,
  recording: false,
  joined_to: null,
  present: 0,
  pending: 0,
  members: 0,
  hands: [],
  ...change,
})
const person = (change: Partial<NoticePerson> = {}): NoticePerson => ({
  id: 'p',
  notice_id: 'n',
  number: '2001',
  name: '',
  state: 'waiting',
  tries: 0,
  next_at: 0,
  done_at: null,
  why: '',
  deputy: '',
  deputy_for: '',
  ...change,
})

describe('a room', () => {
  const all = [
    member({ id: 'a', number: '2002', state: 'busy' }),
    member({ id: 'b', number: '99', state: 'queued' }),
    member({ id: 'c', number: '1001', role: 'chair' }),
    member({ id: 'd', number: '2001', heard: false, hand: 1 }),
    member({ id: 'e', number: '2003', state: 'kicked' }),
    member({ id: 'x', room_id: 'other' }),
  ]

  it('has its chairs first, and keeps places while states change', () => {
    const ids = membersOf(all, 'r').map(({ id }) => id)
    expect(ids).toEqual(['c', 'b', 'd', 'a', 'e'])
    const changed = all.map((one) => ({ ...one, state: 'in' as const, hand: null }))
    expect(membersOf(changed, 'r').map(({ id }) => id)).toEqual(ids)
  })

  it('counts who is in, rung and missing; who was put out is not missed', () => {
    const counts = showCounts(membersOf(all, 'r'))
    expect(counts).toEqual({ all: 5, in: 2, ringing: 1, missing: 1, hands: 1, muted: 1 })
  })

  it('shows hands in their order, without those who are gone', () => {
    const hands = handsOf(room({ hands: ['d', 'gone', 'a'] }), all)
    expect(hands.map(({ id }) => id)).toEqual(['d', 'a'])
  })

  it('says of one who was lost that he is rung again', () => {
    expect(memberWord(member({ state: 'ringing', tries: 1 }))).toBe('redialling')
    expect(memberWord(member({ state: 'ringing' }))).toBe('ringing')
    expect(memberWord(member({ state: 'in', tries: 1 }))).toBe('in')
  })

  it('is found by the desk that is in it', () => {
    const rooms = new Map([['r', room()]])
    expect(roomOf([member({ state: 'left' }), member()], rooms, '2001')?.number).toBe('801')
    expect(roomOf([member({ state: 'left' })], rooms, '2001')).toBeUndefined()
    expect(roomOf([member()], rooms, null)).toBeUndefined()
  })

  it('has a bar whose parts make a whole, and none without people', () => {
    const parts = [1, 2, 5].map((count) => ({ tone: 'good' as const, label: '', count }))
    expect(widths(parts)).toEqual([12.5, 25, 62.5])
    expect(widths([{ tone: 'good', label: '', count: 0 }])).toEqual([0])
  })
})

describe('lists of people', () => {
  const groups = [
    { id: 'g', name: 'One', members: [{ number: '2001', name: '', deputy: '' }] },
    { id: 'h', name: 'Two', members: [{ number: '2001', name: '', deputy: '' }] },
  ]

  it('take each once, from groups first', () => {
    const picked = { groups: ['Two', 'One'], numbers: ['3', '2001'] }
    expect(everyone(picked, groups)).toEqual(['2001', '3'])
  })

  it('are read from what was typed or pasted', () => {
    const { numbers, bad } = typedNumbers('2001，2002; +86 139-1\n2001 fire')
    expect(numbers).toEqual(['2001', '2002', '+86', '1391'])
    expect(bad).toEqual(['fire'])
  })

  it('are moved by one place and stop at the edges', () => {
    expect(shifted(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b'])
    expect(shifted(['a', 'b'], 0, -1)).toEqual(['a', 'b'])
    expect(shifted(['a', 'b'], 1, 1)).toEqual(['a', 'b'])
  })

  it('are written and read as lines, and what is wrong is told', () => {
    const lines = groupLines('2001, Zhang Wei, 2002\n\n2003\t李\n2001\nfire\n2004,,x')
    expect(lines.map(({ problem }) => problem)).toEqual(['', '', 'repeated', 'bad', 'bad'])
    expect(lines[0]).toMatchObject({ number: '2001', name: 'Zhang Wei', deputy: '2002' })
    expect(groupText({ members: lines.slice(0, 2) })).toBe('2001, Zhang Wei, 2002\n2003, 李')
  })

  it('become a file that no spreadsheet takes for formulas', () => {
    expect(
      csvOf([
        ['2001', 'a,"b"', '=1+1'],
        ['+86', '-x', 3],
      ]),
    ).toBe('\ufeff2001,"a,""b""",\'=1+1\r\n+86,\'-x,3\r\n')
  })
})

describe('notifications and roll calls', () => {
  it('count who was told in the last minute', () => {
    const told = person({ state: 'confirmed', done_at: 50_000 })
    const all = [told, { ...told, done_at: 1_000 }, person({ state: 'failed', done_at: 60_000 })]
    expect(rate(all, 70_000)).toBe(1)
  })

  it('show each person under exactly one heading', () => {
    const states = ['waiting', 'ringing', 'talking', 'confirmed', 'reached', 'escalated', 'failed', 'stopped']
    for (const state of states as NoticePerson['state'][]) {
      const heads = (['told', 'active', 'waiting', 'failed'] as const).filter((show) =>
        ledgerShows(show, person({ state })),
      )
      expect([state, heads.length]).toEqual([state, 1])
    }
  })

  it('count entries by what is known', () => {
    const entries = (['present', 'talking', 'ringing', 'absent', 'waiting', 'waiting'] as const).map(
      (state) => ({ number: '1', state, why: '' }),
    )
    const roll = { id: '', room_id: '', desk: '', kind: 'roll', state: 'running', started_at: 0 } as const
    expect(rollCounts({ ...roll, current: null, absent: [], entries })).toEqual({
      present: 2,
      ringing: 1,
      absent: 1,
      waiting: 2,
    })
  })
})

describe('the keys of the page', () => {
  const press = { key: 'm', alt: false, ctrl: false, meta: false, typing: false }

  it('are letters of their own, and have words', () => {
    expect(new Set(CONFERENCE_KEYS.map(({ key }) => key)).size).toBe(CONFERENCE_KEYS.length)
    for (const { action } of CONFERENCE_KEYS) expect(en.conference.key[action], action).toBeTruthy()
    expect(keyOf('mute')).toBe('M')
  })

  it('leave alone what is typed and what the browser means', () => {
    expect(pageAction(press)).toBe('mute')
    expect(pageAction({ ...press, typing: true })).toBeNull()
    expect(pageAction({ ...press, ctrl: true })).toBeNull()
    expect(pageAction({ ...press, key: 'q' })).toBeNull()
    // With Shift it opens another page of the console: a member is not muted on the way to the map.
    expect(pageAction({ ...press, key: keyName({ key: 'M', shiftKey: true }) })).toBeNull()
    expect(pageAction({ ...press, key: keyName({ key: 'M', shiftKey: false }) })).toBe('mute')
  })
})
