import { describe, expect, it } from 'vitest'
import type { RoomMember } from '../src/api/conferences'
import type { Extension } from '../src/api/types'
import { callOfRoom, legOfMember } from '../src/conference/derive'
import { campsOf, formOf, problemOf, tableOf, tileOffers } from '../src/features/model'
import type { Camp, Night } from '../src/features/types'
import { call, leg } from './make'

const camp = (id: string, caller: string, target: string, at = 1): Camp => ({
  id,
  caller,
  caller_name: '',
  target,
  target_name: '',
  state: 'waiting',
  why: '',
  place: 1,
  created_at: at,
  expires_at: 9,
  tries: 0,
  call_id: null,
})
const entry = (number: string, state: Extension['state']) => ({ number, state }) as Extension
const nobody = () => false

describe('camp-on and intercom on a tile', () => {
  it('shows the own camp-ons only, the oldest first', () => {
    const all = [camp('b', '1001', '2002', 5), camp('a', '1001', '2001', 3), camp('c', '1002', '2001', 1)]
    expect(campsOf(all, '1001').map(({ id }) => id)).toEqual(['a', 'b'])
    expect(campsOf(all, null)).toEqual([])
  })

  it('offers to wait for who is busy, and to stop it', () => {
    for (const state of ['talking', 'ringing', 'dialing', 'held'] as const)
      expect(tileOffers(entry('2001', state), '1001', [], nobody).camp).toBe('ask')
    const mine = [camp('a', '1001', '2001')]
    expect(tileOffers(entry('2001', 'talking'), '1001', mine, nobody).camp).toBe('cancel')
    expect(tileOffers(entry('2001', 'idle'), '1001', mine, nobody).camp).toBe('cancel')
    expect(tileOffers(entry('2001', 'talking'), '1002', mine, nobody).camp).toBe('ask')
  })

  it('offers nothing for who is free, away, the own desk, or without a desk', () => {
    expect(tileOffers(entry('2001', 'idle'), '1001', [], nobody).camp).toBeNull()
    expect(tileOffers(entry('2001', 'unregistered'), '1001', [], nobody).camp).toBeNull()
    expect(tileOffers(entry('1001', 'talking'), '1001', [], nobody).camp).toBeNull()
    expect(tileOffers(entry('2001', 'talking'), null, [], nobody).camp).toBeNull()
  })

  it('offers intercom to a free extension that allows it', () => {
    const allows = (number: string) => number === '2001'
    expect(tileOffers(entry('2001', 'idle'), '1001', [], allows).intercom).toBe(true)
    expect(tileOffers(entry('2001', 'talking'), '1001', [], allows).intercom).toBe(false)
    expect(tileOffers(entry('2002', 'idle'), '1001', [], allows).intercom).toBe(false)
  })
})

describe('the form of night service', () => {
  const night: Night = {
    on: false,
    mode: 'auto',
    since: null,
    until: null,
    by: '',
    targets: ['13800000000'],
    lines: [{ extension: '1001', target: '2001' }],
    periods: [{ days: [5, 1], begin: '18:00', end: '08:00' }],
  }

  it('is a copy, and gives back what it was made of', () => {
    const form = formOf(night)
    expect(tableOf(form)).toEqual({
      targets: ['13800000000'],
      periods: [{ days: [1, 5], begin: '18:00', end: '08:00' }],
      lines: { 1001: '2001' },
    })
    form.periods[0]?.days.push(7)
    expect(night.periods[0]?.days).toEqual([5, 1])
    expect(problemOf(form)).toBeNull()
  })

  it('says what is wrong before the server has to', () => {
    const form = () => formOf(night)
    expect(problemOf({ ...form(), targets: [] })).toBe('noTarget')
    expect(problemOf({ ...form(), targets: [], periods: [] })).toBeNull()
    expect(problemOf({ ...form(), periods: [{ days: [], begin: '18:00', end: '08:00' }] })).toBe('noDays')
    expect(problemOf({ ...form(), periods: [{ days: [1], begin: '', end: '08:00' }] })).toBe('badTime')
    expect(problemOf({ ...form(), periods: [{ days: [1], begin: '25:00', end: '08:00' }] })).toBe('badTime')
    expect(problemOf({ ...form(), lines: [{ extension: '1001', target: '' }] })).toBe('emptyLine')
    const line = { extension: '1001', target: '2001' }
    expect(problemOf({ ...form(), lines: [line, { ...line, target: '2002' }] })).toBe('twice')
  })
})

describe('the call that a room is', () => {
  const member = (number: string, state = 'in') => ({ number, state }) as RoomMember
  const party = (id: string, number: string) => leg({ id, number, extension: number })

  it('is the one with most of those who are in', () => {
    const other = call({ id: 'other', legs: [party('a', '2001'), party('b', '2009')] })
    const room = call({ id: 'room', legs: [party('c', '1001'), party('d', '2002')] })
    const members = [member('1001'), member('2002'), member('2001', 'left')]
    expect(callOfRoom([other, room], members)?.id).toBe('room')
    expect(callOfRoom([other], members)).toBeNull()
    expect(legOfMember(room, members[1] ?? null)).toBe('d')
    expect(legOfMember(room, member('2001', 'left'))).toBeNull()
    expect(legOfMember(null, member('1001'))).toBeNull()
  })
})
