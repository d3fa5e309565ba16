/** What the server tells of intercepts. Instants are Millis. */
import type { Millis } from '../api/types'

export type Act = 'monitor' | 'whisper' | 'insert' | 'takeover' | 'release'
/** `pending` waits for a second person, `ringing` is the own phone, in `warning` the tone sounds. */
export type Stage = 'pending' | 'ringing' | 'warning' | 'up' | 'ended'

/** Somebody who is, or wants to be, in a call of others; sent to those with `intercept.read`. */
export interface Intercept {
  id: string
  call_id: string
  act: Act
  stage: Stage
  login: string
  desk: string
  /** The leg that is whispered to, or that stays after a release. */
  target: string | null
  reason: string
  second: string | null
  since: Millis
  /** Until when a second person can confirm. */
  expires_at: Millis | null
}

/** What everybody in the call may know: somebody has come in, or it was taken or cleared. */
export interface Intrusion {
  id: string
  call_id: string
  act: Act
  stage: 'warning' | 'up' | 'done'
  desk: string
  name: string
  since: Millis
}

/** Whether an act on a call is allowed now; if not, why. */
export interface Option {
  act: Act
  allowed: boolean
  warning_tone?: boolean
  second_person?: boolean
  code?: string
  reason_zh?: string
  reason_en?: string
}
