import { describe, expect, it } from 'vitest'
import type { Circuit, Trunk } from '../src/api/trunks'
import { answered, causes, ended, isBlocked, label, tone, trunkOrder } from '../src/trunks/derive'

const trunk = (change: Partial<Trunk> = {}): Trunk => ({
  name: 'city',
  kind: 'pri',
  node: 'core',
  line: '',
  line_zh: '',
  enabled: true,
  state: 'up',
  why: '',
  why_zh: '',
  since: 0,
  failures: 0,
  answer_seizure: null,
  capacity: 30,
  busy: 0,
  free: 30,
  reserved: 0,
  blocked: 0,
  looped: false,
  counters: {
    attempts: 0,
    seizures: 0,
    answers: 0,
    incoming: 0,
    incoming_answers: 0,
    minutes: 0,
    overflows: 0,
    preemptions: 0,
    refusals: 0,
    causes: {},
    sources: {},
  },
  circuits: [],
  ...change,
})
const circuit = (change: Partial<Circuit> = {}): Circuit => ({
  id: 'city/1:5',
  slot: '1:5',
  cic: null,
  state: 'idle',
  looped: false,
  call: null,
  ...change,
})

describe('the list of trunks', () => {
  it('shows what is not well first, then by name', () => {
    const order = trunkOrder([
      trunk({ name: 'c' }),
      trunk({ name: 'b', state: 'open' }),
      trunk({ name: 'a' }),
      trunk({ name: 'd', state: 'disabled' }),
    ])
    expect(order.map((entry) => entry.name)).toEqual(['b', 'a', 'c', 'd'])
  })
  it('has a tone for every state', () => {
    expect(tone(trunk())).toBe('good')
    expect(tone(trunk({ free: 0 }))).toBe('wait')
    expect(tone(trunk({ state: 'down' }))).toBe('bad')
    expect(tone(trunk({ state: 'half_open' }))).toBe('wait')
    expect(tone(trunk({ state: 'disabled' }))).toBe('')
  })
})

describe('a trunk', () => {
  it('names a circuit by its CIC, its timeslot or its number', () => {
    expect(label(circuit({ cic: 17 }))).toBe('17')
    expect(label(circuit())).toBe('5')
    expect(label(circuit({ id: 'carrier/3', slot: null }))).toBe('3')
  })
  it('tells the share of answered calls only when there were any', () => {
    expect(answered(trunk())).toBeNull()
    const counters = { ...trunk().counters, attempts: 3, answers: 2 }
    expect(answered(trunk({ counters }))).toBe(67)
  })
  it('counts causes, the most frequent first', () => {
    const counters = { ...trunk().counters, causes: { '16': 2, '34': 5, '17': 2 } }
    expect(ended(trunk({ counters }))).toBe(9)
    expect(causes(trunk({ counters }))).toEqual([
      ['34', 5],
      ['16', 2],
      ['17', 2],
    ])
  })
  it('takes a draining circuit for a blocked one', () => {
    expect(isBlocked(circuit({ state: 'draining' }))).toBe(true)
    expect(isBlocked(circuit({ state: 'blocked_far' }))).toBe(true)
    expect(isBlocked(circuit({ state: 'busy' }))).toBe(false)
  })
})
