/** The HTTP API, one function a route (calls, tasks, incidents, session). */
import { query, request } from './http'
import type { Duty, EmergencyNumber, Incident, IncidentStatus, Me, PhoneConfig, SpeedDial } from './types'
import { listOf } from './list'
import type { CallRecord } from './records'
import type { Page } from '../ui/whole'

const path = encodeURIComponent

/** A new key: a repeated command with the same key is carried out once. */
function once(): string {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`
}

function act<T = unknown>(id: string, verb: string, body: object = {}): Promise<T> {
  return request<T>('POST', `/calls/${path(id)}/${verb}`, { body, idempotencyKey: once() })
}

export const session = {
  login: (login: string, password: string) => request<Me>('POST', '/login', { body: { login, password } }),
  logout: () => request<void>('POST', '/logout'),
  me: () => request<Me>('GET', '/me'),
  phone: () => request<PhoneConfig>('GET', '/me/phone'),
  seat: (extension: string | null, duty: Duty) =>
    request<Me>('PUT', '/me/desk', { body: { extension, duty } }),
  language: (language: string) => request<void>('PUT', '/me/language', { body: { language } }),
  password: (old: string, password: string) =>
    request<void>('PUT', '/me/password', { body: { old, new: password } }),
}

/** Of the history; instants are Millis. */
export interface CallFilter {
  number?: string
  kind?: string
  from?: number
  to?: number
}

export const calls = {
  dial: (to: string) =>
    request<{ call_id: string }>('POST', '/calls', { body: { to }, idempotencyKey: once() }),
  answer: (id: string) => act(id, 'answer'),
  hangup: (id: string, leg?: string) => act(id, 'hangup', leg ? { leg } : {}),
  hold: (id: string) => act(id, 'hold'),
  resume: (id: string) => act(id, 'resume'),
  park: (id: string) => act(id, 'park'),
  retrieve: (id: string) => act(id, 'retrieve'),
  takeover: (id: string) => act(id, 'takeover'),
  pickup: (id: string) => act(id, 'pickup'),
  transfer: (id: string, to: string, mode: 'blind' | 'attended') => act(id, 'transfer', { to, mode }),
  completeTransfer: (id: string) => act(id, 'transfer/complete'),
  cancelTransfer: (id: string) => act(id, 'transfer/cancel'),
  dtmf: (id: string, digits: string) => act(id, 'dtmf', { digits }),
  priority: (id: string, rank: number) => act(id, 'priority', { rank }),
  history: (filter: CallFilter & { limit: number }) =>
    request<{ calls: CallRecord[] }>('GET', `/calls${query({ ...filter })}`),
  page: async (filter: CallFilter, offset: number, limit: number): Promise<Page<CallRecord>> => {
    const asked = query({ ...filter, offset, limit })
    const found = await request<{ calls: CallRecord[]; count: number }>('GET', `/calls${asked}`)
    return { rows: found.calls, count: found.count }
  },
  one: (id: string) => request<CallRecord>('GET', `/calls/${path(id)}`),
}

export const tasks = {
  call: (id: string) => request<unknown>('POST', `/tasks/${path(id)}/call`, { idempotencyKey: once() }),
  close: (id: string, reason: string) =>
    request<unknown>('POST', `/tasks/${path(id)}/close`, { body: { reason } }),
}

export interface IncidentChange {
  title?: string
  note?: string
  name?: string
  address?: string
  result?: string
  type?: string
  grade?: number
  latitude?: number
  longitude?: number
}

export const incidents = {
  move: (id: string, version: number, status: IncidentStatus, reason = '') =>
    request<Incident>('POST', `/incidents/${path(id)}/move`, { body: { version, status, reason } }),
  one: (id: string) => request<Incident>('GET', `/incidents/${path(id)}`),
  change: (id: string, version: number, change: IncidentChange) =>
    request<Incident>('PATCH', `/incidents/${path(id)}`, { body: { version, ...change } }),
  claim: (id: string) => request<Incident>('POST', `/incidents/${path(id)}/claim`),
}

export const desk = {
  speedDials: async () => listOf<SpeedDial>(await request('GET', '/speed-dials')),
  setSpeedDials: (buttons: SpeedDial[]) => request<unknown>('PUT', '/speed-dials', { body: buttons }),
  emergencyNumbers: async () => listOf<EmergencyNumber>(await request('GET', '/emergency-numbers')),
}
