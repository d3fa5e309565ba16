/** Trunks over HTTP and as the live socket shows them. */
import { request } from './http'
import type { Millis } from './types'

export type TrunkState = 'up' | 'down' | 'open' | 'half_open' | 'blocked' | 'disabled'
export type CircuitState =
  'idle' | 'busy' | 'draining' | 'blocked_here' | 'blocked_far' | 'blocked_both' | 'resetting' | 'alarm'

export interface TrunkCall {
  call_id: string
  channel_id: string
  outgoing: boolean
  number: string
  caller: string
  user: string
  level: number
  since: Millis
  answered_at: Millis | null
}

export interface Circuit {
  id: string
  /** Span and timeslot; SIP has none. */
  slot: string | null
  cic: number | null
  state: CircuitState
  /** What comes on its timeslot goes back to the far end. */
  looped: boolean
  call: TrunkCall | null
}

export type Source = 'far' | 'near' | 'preempted' | 'unknown'

/** The record of a call that is over. */
export interface TrunkRecord {
  id: number
  circuit: string
  route: string
  outgoing: boolean
  number: string
  caller: string
  started_at: Millis
  talked: Millis
  /** ITU-T Q.850. */
  cause: number
  source: Source
}

export interface TrunkCounters {
  attempts: number
  seizures: number
  answers: number
  incoming: number
  incoming_answers: number
  minutes: number
  overflows: number
  preemptions: number
  refusals: number
  causes: Record<string, number>
  /** Who ended the calls. */
  sources: Partial<Record<Source, number>>
}

export interface Trunk {
  name: string
  kind: 'pri' | 'ss7' | 'r2' | 'sip'
  node: string
  line: string
  enabled: boolean
  state: TrunkState
  why: string
  why_zh: string
  since: Millis
  failures: number
  answer_seizure: number | null
  capacity: number
  busy: number
  free: number
  reserved: number
  blocked: number
  /** Its line is looped back to the far end. */
  looped: boolean
  counters: TrunkCounters
  circuits: Circuit[]
}

export interface TestOutcome {
  trunk: string
  number: string
  rang: Millis | null
  answered: Millis | null
  ended: Millis | null
  cause: number
  error: string
  error_zh: string
  through: boolean
}

export type TrunkAct = 'block' | 'unblock' | 'reset'

export const trunks = {
  act: (name: string, act: TrunkAct, circuits: string[]) =>
    request<Trunk>('POST', `/trunks/${name}/${act}`, { body: { circuits } }),
  restore: (name: string) => request<Trunk>('POST', `/trunks/${name}/restore`, { body: {} }),
  loop: (name: string, on: boolean, circuits: string[]) =>
    request<Trunk>('POST', `/trunks/${name}/loop`, { body: { on, circuits } }),
  calls: (name: string) =>
    request<{ calls: TrunkRecord[] }>('GET', `/trunks/calls?trunk=${encodeURIComponent(name)}&limit=50`),
  test: (name: string, number: string) =>
    request<TestOutcome>('POST', `/trunks/${name}/test`, { body: { number }, timeout: 40_000 }),
}
