/** Incidents as cases: lists, timeline, orders, reports, and the tables of types and grades. */
import type { Page } from '../ui/whole'
import { query, request } from './http'
import type { Incident, Millis } from './types'

const path = encodeURIComponent

export interface CaseFilter {
  text?: string
  status?: string
  type?: string
  grade?: number
}

export interface Entry {
  seq: number
  id: string
  incident_id: string
  at: Millis
  kind: string
  login: string
  /** What it is about: a call, an order, a report, ... */
  ref: string
  body: Record<string, unknown>
}

export interface Timeline {
  entries: Entry[]
  links: { first: string; second: string; why: string; login: string; at: Millis }[]
  merged: string[]
}

export interface Order {
  id: string
  unit: string
  number: string
  deputy: string
  text: string
  via: 'phone' | 'sms' | 'console'
  state: 'sending' | 'sent' | 'received' | 'done' | 'failed' | 'cancelled'
  why: string
  created_at: Millis
  deadline_at: Millis | null
  overdue: boolean
  received_at: Millis | null
  received_by: string
}

export interface Report {
  id: string
  number: number
  kind: 'first' | 'follow_up' | 'final'
  state: 'draft' | 'submitted' | 'rejected' | 'approved' | 'sent'
  receiver: string
  text: string
  author: string
  submitted_by: string
  approver: string
  reason: string
  due_at: Millis | null
  sent_at: Millis | null
  version: number
}

export interface IncidentType {
  code: string
  name_zh: string
  name_en: string
  parent: string
}

export interface Grade {
  grade: number
  name_zh: string
  name_en: string
  color: 'red' | 'orange' | 'yellow' | 'blue'
}

const of = (id: string) => `/incidents/${path(id)}`
const report = (id: string) => `/incidents/reports/${path(id)}`

export const cases = {
  page: async (filter: CaseFilter, offset: number, limit: number): Promise<Page<Incident>> => {
    const asked = query({ ...filter, offset, limit })
    const found = await request<{ incidents: Incident[]; count: number }>('GET', `/incidents${asked}`)
    return { rows: found.incidents, count: found.count }
  },
  create: (fields: { title: string; address?: string }) =>
    request<Incident>('POST', '/incidents', { body: fields }),
  timeline: (id: string, after?: Entry) =>
    request<Timeline>(
      'GET',
      `${of(id)}/timeline${query({ after_at: after?.at, after_seq: after?.seq, limit: 1000 })}`,
    ),
  note: (id: string, text: string) => request<Incident>('POST', `${of(id)}/notes`, { body: { text } }),
  merge: (into: Incident, other: Incident) =>
    request<Incident>('POST', `${of(into.id)}/merge`, {
      body: { version: into.version, other: other.id, other_version: other.version },
    }),
  unmerge: (incident: Incident) =>
    request<Incident>('POST', `${of(incident.id)}/split`, { body: { version: incident.version } }),
  link: (id: string, other: string) => request<Incident>('POST', `${of(id)}/links`, { body: { other } }),
  orders: async (id: string) => (await request<{ orders: Order[] }>('GET', `${of(id)}/orders`)).orders,
  order: (id: string, body: object) => request<Order>('POST', `${of(id)}/orders`, { body }),
  receipt: (id: string, state: 'received' | 'done' | 'cancelled') =>
    request<Order>('POST', `/incidents/orders/${path(id)}`, { body: { state } }),
  reports: async (id: string) => (await request<{ reports: Report[] }>('GET', `${of(id)}/reports`)).reports,
  report: (id: string, text: string, receiver: string) =>
    request<Report>('POST', `${of(id)}/reports`, { body: { text, receiver } }),
  submit: ({ id, version }: Report) => request<Report>('POST', `${report(id)}/submit`, { body: { version } }),
  decide: ({ id, version }: Report, approved: boolean, reason = '') =>
    request<Report>('POST', `${report(id)}/decide`, { body: { version, approved, reason } }),
  sent: ({ id, version }: Report) => request<Report>('POST', `${report(id)}/send`, { body: { version } }),
  pdfUrl: (id: string) => `/api${report(id)}/report.pdf`,
  types: async () => (await request<{ types: IncidentType[] }>('GET', '/incidents/types')).types,
  grades: async () => (await request<{ grades: Grade[] }>('GET', '/incidents/grades')).grades,
}
