import { describe, expect, it } from 'vitest'
import {
  boardOrder,
  callList,
  dialedCall,
  incidentOf,
  nextWaiting,
  openTasks,
  otherParty,
  ownCalls,
  ownState,
  queueOrder,
} from '../src/live/derive'
import { applyChanges, applySnapshot, backoff, parseMessage, type LiveMaps } from '../src/live/protocol'
import { call, extension, incident, leg, waiting } from './make'

const maps = (): LiveMaps => ({
  extension: new Map(),
  call: new Map(),
  waiting: new Map(),
  task: new Map(),
  incident: new Map(),
  alarm: new Map(),
  intercept: new Map(),
  intrusion: new Map(),
  room: new Map(),
  room_member: new Map(),
  roll: new Map(),
  notice: new Map(),
  notice_person: new Map(),
  sms_campaign: new Map(),
  sms_list: new Map(),
  sms_replies: new Map(),
  trunk: new Map(),
  room_speaker: new Map(),
  camp: new Map(),
  night: new Map(),
  intercom: new Map(),
})

describe('the picture', () => {
  it('is replaced by a snapshot, and what is not in it goes', () => {
    const picture = maps()
    picture.call.set('old', call({ id: 'old' }))
    applySnapshot(picture, {
      type: 'snapshot',
      seq: 1,
      entities: { call: { c1: call() }, novelty: { x: {} } },
    })
    expect([...picture.call.keys()]).toEqual(['c1'])
  })

  it('takes whole values and drops null', () => {
    const picture = maps()
    applyChanges(picture, [{ entity: 'call', id: 'c1', value: call({ state: 'ringing' }) }])
    applyChanges(picture, [{ entity: 'call', id: 'c1', value: call({ state: 'talking' }) }])
    expect(picture.call.get('c1')?.state).toBe('talking')
    applyChanges(picture, [
      { entity: 'call', id: 'c1', value: null },
      { entity: 'novelty', id: 'x', value: {} },
    ])
    expect(picture.call.size).toBe(0)
  })

  it('ends the same by a snapshot as by changes', () => {
    const [one, other] = [maps(), maps()]
    applyChanges(one, [
      { entity: 'waiting', id: 'c1', value: waiting() },
      { entity: 'waiting', id: 'c2', value: waiting({ call_id: 'c2' }) },
    ])
    applyChanges(one, [{ entity: 'waiting', id: 'c1', value: null }])
    applySnapshot(other, {
      type: 'snapshot',
      seq: 9,
      entities: { waiting: { c2: waiting({ call_id: 'c2' }) } },
    })
    expect(one).toEqual(other)
  })

  it('is not touched by what is no message', () => {
    for (const text of ['', '{', 'null', '[]', '{"type":"other"}', '12'])
      expect(parseMessage(text)).toBeNull()
    expect(parseMessage('{"type":"ping"}')).toEqual({ type: 'ping' })
  })

  it('is asked for again ever more slowly, up to five seconds', () => {
    const waits = [0, 1, 2, 3, 4, 5, 50].map((attempt) => backoff(attempt, 0))
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000])
    expect(backoff(0, 1)).toBe(200)
  })
})

describe('the queue', () => {
  const late119 = waiting({ call_id: 'a', rank: 1, since: 1 })
  const old120 = waiting({ call_id: 'b', rank: 0, since: 5 })
  const new120 = waiting({ call_id: 'c', rank: 0, since: 9 })

  it('has the highest class first, then the oldest', () => {
    expect(queueOrder([new120, late119, old120]).map((entry) => entry.call_id)).toEqual(['b', 'c', 'a'])
  })

  it('has the highest precedence before class and age', () => {
    const flash = { ...late119, level: 1 }
    expect(queueOrder([new120, flash, old120]).map((entry) => entry.call_id)).toEqual(['a', 'b', 'c'])
  })

  it('gives the take key the call that is offered here, else its head', () => {
    const queue = queueOrder([late119, old120, { ...new120, offered_to: '1002' }])
    expect(nextWaiting(queue, '1002')?.call_id).toBe('c')
    expect(nextWaiting(queue, '1001')?.call_id).toBe('b')
    expect(nextWaiting([], '1001')).toBeNull()
  })

  it('passes over what somebody is taking already', () => {
    const queue = queueOrder([{ ...old120, claimed_by: '1002' }, new120])
    expect(nextWaiting(queue, '1001')?.call_id).toBe('c')
  })
})

describe('own calls', () => {
  it('are those with an own leg, the urgent ones first', () => {
    const talking = call({ id: 't', legs: [leg()] })
    const held = call({ id: 'h', state: 'held', legs: [leg()] })
    const ringing = call({ id: 'r', state: 'ringing', legs: [leg({ state: 'ringing' })] })
    const foreign = call({ id: 'f', legs: [leg({ extension: '1002' })] })
    const parked = call({ id: 'p', state: 'parked', legs: [leg()] })
    const found = ownCalls([held, foreign, ringing, parked, talking], '1001')
    expect(found.map((entry) => entry.id)).toEqual(['t', 'r', 'h'])
    expect(ownCalls([talking], null)).toEqual([])
  })

  it('are held when this desk holds them, whatever the leg says', () => {
    expect(ownState(call({ held_by: '1001', legs: [leg()] }), '1001')).toBe('held')
    expect(ownState(call({ held_by: '1002', legs: [leg()] }), '1001')).toBe('talking')
    expect(ownState(call({ state: 'ringing', kind: 'outgoing', legs: [leg()] }), '1001')).toBe('dialing')
  })

  it('show the other side', () => {
    const outgoing = call({
      kind: 'outgoing',
      caller: { number: '1001', name: null },
      called: { number: '95', name: null },
    })
    expect(otherParty(outgoing, '1001').number).toBe('95')
    expect(otherParty(call(), '1001').number).toBe('13800000001')
  })
})

describe('board, tasks, incidents, speed dials', () => {
  it('puts desks before phones and sorts numbers as numbers', () => {
    const board = [
      extension({ number: '200', kind: 'phone' }),
      extension({ number: '1002' }),
      extension({ number: '99' }),
      extension({ number: '1001' }),
    ]
    expect(boardOrder(board).map((entry) => entry.number)).toEqual(['99', '1001', '1002', '200'])
  })

  it('keeps the order of calls while they change', () => {
    const calls = [call({ id: 'b', started_at: 2 }), call({ id: 'a', started_at: 1, since: 99 })]
    expect(callList(calls).map((entry) => entry.id)).toEqual(['a', 'b'])
  })

  it('finds the incident by the call or by its own list', () => {
    expect(incidentOf([incident()], call())?.id).toBe('i1')
    expect(incidentOf([incident({ id: 'i2', call_ids: [] })], call({ incident_id: 'i2' }))?.id).toBe('i2')
    expect(incidentOf([incident({ call_ids: ['x'] })], call())).toBeNull()
    expect(incidentOf([incident()], null)).toBeNull()
  })

  it('knows the unanswered call of a speed-dial button, and only that', () => {
    const party = { number: '95', name: null }
    const placed = call({
      kind: 'outgoing',
      state: 'ringing',
      digits: null,
      caller: { number: '1001', name: null },
      called: party,
      legs: [leg()],
    })
    expect(dialedCall([placed], '1001', '95')?.id).toBe('c1')
    expect(dialedCall([{ ...placed, state: 'talking', answered_at: 5 }], '1001', '95')).toBeNull()
    expect(dialedCall([placed], '1002', '95')).toBeNull()
    expect(dialedCall([placed], '1001', '96')).toBeNull()
  })

  it('lists open tasks, the oldest first', () => {
    const task = {
      id: 't',
      number: '1',
      name: null,
      digits: '120',
      class_name: '',
      class_name_en: '',
      calls: 1,
      first_at: 2,
      last_at: 2,
      state: 'open' as const,
      owner: null,
      attempts: 0,
      reason: null,
      incident_id: null,
    }
    const found = openTasks([
      task,
      { ...task, id: 'u', first_at: 1 },
      { ...task, id: 'v', state: 'closed' as const },
    ])
    expect(found.map((entry) => entry.id)).toEqual(['u', 't'])
  })
})
