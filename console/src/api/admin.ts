/** Administration and audit over HTTP. */
import { query, request } from './http'
import { listOf } from './list'
import type { Millis } from './types'

export type Values = Record<string, unknown>

/** A table that can be read and changed row by row. */
export interface Resource {
  list: (query: string) => Promise<Values[]>
  add: (values: Values) => Promise<Values>
  change: (id: string, values: Values) => Promise<Values>
  remove: (id: string) => Promise<unknown>
}

/** A phone account (`*`: all) that is locked out from an address. */
export interface SipLockout {
  account: string
  address: string
  until: Millis
}

const path = encodeURIComponent

function resource(base: string, search = false): Resource {
  return {
    list: async (text) =>
      listOf<Values>(await request('GET', `${base}${search ? query({ query: text, limit: 500 }) : ''}`)),
    add: (body) => request('POST', base, { body }),
    change: (id, body) => request('PATCH', `${base}/${path(id)}`, { body }),
    remove: (id) => request('DELETE', `${base}/${path(id)}`),
  }
}

export const admin = {
  users: resource('/users'),
  extensions: resource('/extensions'),
  phones: resource('/phones'),
  emergencyNumbers: resource('/emergency-numbers'),
  registry: resource('/registry', true),
  tokens: resource('/tokens'),
  unlock: (login: string) => request('POST', `/users/${path(login)}/unlock`),
  sipLockouts: async () => listOf<SipLockout>(await request('GET', '/sip-lockouts')),
  sipUnlock: (account: string, address: string) =>
    request<SipLockout>('POST', '/sip-lockouts/unlock', { body: { account, address } }),
  secret: (phone: string) => request<{ id: string; secret: string }>('GET', `/phones/${path(phone)}/secret`),
  renewSecret: (phone: string) =>
    request<{ id: string; secret: string }>('POST', `/phones/${path(phone)}/secret`),
  intake: () => request<Values>('GET', '/intake'),
  setIntake: (body: Values) => request<Values>('PUT', '/intake', { body }),
}

export interface ImportRow {
  line: number
  status: 'added' | 'changed' | 'unchanged' | 'refused'
  key: string
  message: string | null
  message_zh?: string
}

export interface ImportReport {
  rows: ImportRow[]
  added: number
  changed: number
  unchanged: number
  refused: number
}

export type CsvTable = 'users' | 'extensions' | 'registry' | 'duty/people' | 'duty/shifts'

export const csv = {
  exportUrl: (table: CsvTable) => `/api/${table}/export.csv`,
  import: (table: CsvTable, file: Blob, dryRun: boolean) =>
    request<ImportReport>('POST', `/${table}/import${dryRun ? '?dry_run=1' : ''}`, {
      csv: file,
      timeout: 60_000,
    }),
}

export interface AuditRow {
  seq: number
  at: Millis
  actor: string
  act: string
  target: string
  details: Record<string, unknown>
  hash: string
}

export interface Verification {
  ok: boolean
  rows: number
  hash: string
  broken_at: number | null
  problem: string
}

export interface AuditFilter {
  after?: number
  before?: number
  limit?: number
  actor?: string
  act?: string
}

export const audit = {
  page: async (filter: AuditFilter) =>
    listOf<AuditRow>(await request('GET', `/audit${query({ ...filter })}`)),
  verify: () => request<Verification>('POST', '/audit/verify', { timeout: 60_000 }),
}
