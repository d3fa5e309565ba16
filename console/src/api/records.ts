/** Rows of history, recordings and audit. */
import type { Page } from '../ui/whole'
import { query, request } from './http'
import type { CallKind, Millis } from './types'

export interface RecordingRow {
  id: string
  call_id: string
  leg_id: string
  state: 'running' | 'kept' | 'missing' | 'expired'
  began_at: Millis
  ended_at: Millis | null
  extension: string | null
  number: string
  /** Bytes. */
  size: number
  duration_ms: number
  sha256: string | null
  repaired: boolean
  hold: boolean
  hold_reason: string | null
}

export interface LegRecord {
  id: string
  extension: string | null
  number: string
  name: string
  role: string
  started_at: Millis
  answered_at: Millis | null
  ended_at: Millis | null
  cause: number | null
}

export interface CallRecord {
  id: string
  kind: CallKind
  digits: string | null
  caller_number: string
  caller_name: string
  called_number: string
  called_name: string
  started_at: Millis
  answered_at: Millis | null
  ended_at: Millis | null
  /** Q.850. */
  cause: number | null
  owner: string | null
  login: string | null
  incident_id: string | null
  legs?: LegRecord[]
}

export interface Waveform {
  points: number
  /** Lowest and highest sample of each part, in 1/127 of full scale. */
  peaks: [number, number][]
}

export interface RecordingFilter {
  call_id?: string
  extension?: string
  from?: Millis
  to?: Millis
}

const path = encodeURIComponent

export const recordings = {
  find: (filter: RecordingFilter & { limit?: number }) =>
    request<{ recordings: RecordingRow[] }>('GET', `/recordings${query({ ...filter })}`),
  page: async (filter: RecordingFilter, offset: number, limit: number): Promise<Page<RecordingRow>> => {
    const asked = query({ ...filter, offset, limit })
    const found = await request<{ recordings: RecordingRow[]; count: number }>('GET', `/recordings${asked}`)
    return { rows: found.recordings, count: found.count }
  },
  recent: () => request<{ desk: string; recordings: RecordingRow[] }>('GET', '/recordings/recent'),
  waveform: (id: string, points: number) =>
    request<Waveform>('GET', `/recordings/${path(id)}/waveform${query({ points })}`),
  hold: (id: string, hold: boolean, reason: string) =>
    request<RecordingRow>('PUT', `/recordings/${path(id)}/hold`, { body: { hold, reason } }),
  verify: (id: string) =>
    request<{ ok: boolean; found: string | null }>('POST', `/recordings/${path(id)}/verify`),
  audioUrl: (id: string) => `/api/recordings/${path(id)}/audio`,
  exportUrl: (id: string) => `/api/recordings/${path(id)}/export`,
}
