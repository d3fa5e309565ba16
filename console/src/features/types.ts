/** Night service, camp-on and intercom as the server tells them. Instants are Millis. */
import type { Millis } from '../api/types'

export type NightMode = 'auto' | 'on' | 'off'

/** Days from 1 (Monday) to 7 (Sunday); times of the day such as 18:00, an earlier end is on the next day. */
export interface NightPeriod {
  days: number[]
  begin: string
  end: string
}

export interface Night {
  on: boolean
  mode: NightMode
  since: Millis | null
  /** When it changes back by itself after a switch by hand. */
  until: Millis | null
  by: string
  targets: string[]
  lines: { extension: string; target: string }[]
  periods: NightPeriod[]
}

/** One who waits for a busy extension. */
export interface Camp {
  id: string
  caller: string
  caller_name: string
  target: string
  target_name: string
  state: 'waiting' | 'calling'
  why: string
  place: number | null
  created_at: Millis
  expires_at: Millis
  tries: number
  call_id: string | null
}

/** An extension that answers intercom by itself. */
export interface IntercomRule {
  extension: string
}
