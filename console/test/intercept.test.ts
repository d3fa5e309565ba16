import { describe, expect, it } from 'vitest'
import {
  firstTarget,
  heardBy,
  isAboveRoutine,
  keptTarget,
  nextTarget,
  optionOf,
  partiesOf,
  pictureOf,
  plainObstacle,
  runningOf,
  waitingOf,
} from '../src/intercept/model'
import type { Intercept, Option } from '../src/intercept/types'
import { call, leg } from './make'

const session = (change: Partial<Intercept> = {}): Intercept => ({
  id: 's1',
  call_id: 'c1',
  act: 'monitor',
  stage: 'up',
  login: 'chen',
  desk: '1002',
  target: null,
  reason: 'drill',
  second: null,
  since: 0,
  expires_at: null,
  ...change,
})

const caller = leg({ id: 'a', number: '2001', extension: null, role: 'caller' })
const dispatcher = leg({ id: 'b', number: '1001', extension: '1001', role: 'desk' })
const guest = leg({ id: 'c', number: '1002', extension: '1002', role: 'desk' })
const talking = call({ legs: [caller, dispatcher, guest] })
const everything = () => true

describe('the parties', () => {
  it('are those who are connected, without the own desk', () => {
    const ringing = leg({ id: 'd', extension: '1003', state: 'ringing' })
    const all = call({ legs: [caller, dispatcher, guest, ringing] })
    expect(partiesOf(all, '1002').map((one) => one.id)).toEqual(['a', 'b'])
    expect(partiesOf(undefined, '1002')).toEqual([])
  })

  it('are whispered to in turn, the dispatcher first', () => {
    const parties = partiesOf(talking, '1002')
    expect(firstTarget(parties)).toBe('b')
    expect(nextTarget(parties, null)).toBe('b')
    expect(nextTarget(parties, 'b')).toBe('a')
    expect(nextTarget(parties, 'a')).toBe('b')
    expect(nextTarget(parties, 'gone')).toBe('b')
    expect(nextTarget([], 'a')).toBeNull()
  })

  it('keep the caller after a release', () => {
    expect(keptTarget([dispatcher, caller])).toBe('a')
    expect(keptTarget([dispatcher])).toBe('b')
    expect(keptTarget([])).toBeNull()
  })
})

describe('who hears me', () => {
  it('is nobody until it is up', () => {
    for (const stage of ['pending', 'ringing', 'warning'] as const)
      expect(heardBy(session({ act: 'insert', stage }))).toBe('nobody')
  })

  it('follows the act', () => {
    expect(heardBy(session())).toBe('nobody')
    expect(heardBy(session({ act: 'whisper' }))).toBe('one')
    expect(heardBy(session({ act: 'insert' }))).toBe('all')
    expect(heardBy(session({ act: 'takeover' }))).toBe('all')
  })
})

describe('the own intercepts', () => {
  it('are running or wait, the one that runs out first in front', () => {
    const late = session({ id: 'late', stage: 'pending', expires_at: 20 })
    const soon = session({ id: 'soon', stage: 'pending', expires_at: 10 })
    expect(runningOf([late, soon])).toBeNull()
    expect(runningOf([late, session({ stage: 'ringing' })])?.id).toBe('s1')
    expect(runningOf([session({ stage: 'ended' })])).toBeNull()
    expect(waitingOf([late, session(), soon]).map((one) => one.id)).toEqual(['soon', 'late'])
  })
})

describe('what the picture forbids at once', () => {
  it.each([
    ['gone', undefined, '1003'],
    ['noDesk', talking, null],
    ['parked', call({ state: 'parked' }), '1003'],
    ['ringing', call({ state: 'ringing' }), '1003'],
    ['ringing', call({ state: 'waiting' }), '1003'],
    ['ownCall', talking, '1001'],
  ])('%s', (why, which, desk) => {
    expect(plainObstacle('insert', which, desk, everything)).toBe(why)
  })

  it('is what the role has no right to', () => {
    const may = (right: string) => right === 'intercept.insert'
    expect(plainObstacle('monitor', talking, '1003', may)).toBe('noRight')
    expect(plainObstacle('takeover', talking, '1003', may)).toBe('noRight')
    expect(plainObstacle('insert', talking, '1003', may)).toBeNull()
  })

  it('is neither the own call from within, nor to clear the own call', () => {
    expect(plainObstacle('insert', talking, '1002', everything, true)).toBeNull()
    expect(plainObstacle('release', talking, '1002', everything)).toBeNull()
  })
})

describe('the precedence', () => {
  it('is shown above routine only', () => {
    expect([0, 1, 2, 3].every((level) => isAboveRoutine(level))).toBe(true)
    expect(isAboveRoutine(4) || isAboveRoutine(null) || isAboveRoutine(undefined)).toBe(false)
  })
})

describe('what the server said of a call', () => {
  const refused: Option = { act: 'monitor', allowed: false, code: 'ringing', reason_en: 'It rings.' }
  const before = pictureOf(call({ legs: [caller] }), '1002')
  const known = { picture: before, acts: [refused] }

  it('counts while the picture of the call is the same', () => {
    expect(optionOf(known, before, 'monitor')).toBe(refused)
    expect(optionOf(known, before, 'insert')).toBeNull()
    expect(optionOf(undefined, before, 'monitor')).toBeNull()
  })

  it('is unknown again as soon as someone joins, the state changes or the desk is another one', () => {
    for (const now of [
      pictureOf(call({ legs: [caller, dispatcher] }), '1002'),
      pictureOf(call({ legs: [caller], state: 'ringing' }), '1002'),
      pictureOf(call({ legs: [caller] }), '1003'),
    ])
      expect(optionOf(known, now, 'monitor')).toBeNull()
  })
})
