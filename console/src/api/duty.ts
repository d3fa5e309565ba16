/** Duty over HTTP and as the live socket shows its posts. */
import { query, request } from './http'
import type { Millis } from './types'

export interface OnDuty {
  key: string
  name: string
  title: string
  numbers: string[]
  instead_of: string
  until: Millis
  deputy: string
}

export interface Gap {
  roster: string
  begin: Millis
  end: Millis
  there: number
  need: number
}

export interface Roster {
  key: string
  name: string
  zone: string
  need: number
  uses: string[]
}

export interface Post extends Roster {
  people: OnDuty[]
  gap: Gap | null
}

export interface DutyPerson {
  key: string
  name: string
  title: string
  unit: string
  numbers: string[]
  deputy: string
  note: string
  left: boolean
}

export interface Shift {
  id: string
  roster: string
  person: string
  begin: Millis
  end: Millis
  deputy: string
  position: number
  away: boolean
  serving: string
}

export interface MonthDay {
  date: string
  begin: Millis
  end: Millis
  shifts: Shift[]
  gaps: Gap[]
}

export interface Month {
  roster: Roster
  begin: Millis
  end: Millis
  people: Record<string, string>
  days: MonthDay[]
  gaps: Gap[]
}

export interface Handover {
  id: string
  roster: string
  text: string
  written_at: Millis
  gave_login: string
  took_login: string | null
  took_at: Millis | null
  signatures: { seq: number; part: string; login: string; at: Millis; digest: string }[]
}

export interface DailyReport {
  date: string
  begin: Millis
  end: Millis
  rosters: (Roster & { shifts: (Shift & { name: string })[]; gaps: Gap[] })[]
  handovers: Handover[]
  counts: Record<string, number>
}

export interface Leave {
  id: string
  person: string
  begin: Millis
  end: Millis
  deputy: string
  reason: string
}

export interface NewShift {
  roster: string
  person: string
  date: string
  begin: string
  end: string
  deputy: string
  position: number
}

const path = encodeURIComponent

export const duty = {
  rosters: async () => (await request<{ rosters: Roster[] }>('GET', '/duty/rosters')).rosters,
  month: (key: string, month: string) =>
    request<Month>('GET', `/duty/rosters/${path(key)}/month${query({ month })}`),
  putRoster: (key: string, body: Omit<Roster, 'key'>) =>
    request<Roster>('PUT', `/duty/rosters/${path(key)}`, { body }),
  dropRoster: (key: string) => request<void>('DELETE', `/duty/rosters/${path(key)}`),
  /** Leaves that touch the days from an instant on; the server tells at most a year at once. */
  leaves: async (begin: Millis, days: number) =>
    (await request<{ leaves: Leave[] }>('GET', `/duty/leaves${query({ begin, days })}`)).leaves,
  putLeave: (body: Omit<Leave, 'id'>) => request<Leave>('POST', '/duty/leaves', { body }),
  dropLeave: (id: string) => request<void>('DELETE', `/duty/leaves/${path(id)}`),
  people: async (text: string, after = '') =>
    (await request<{ people: DutyPerson[] }>('GET', `/duty/people${query({ text, after, limit: 100 })}`))
      .people,
  putPerson: (key: string, body: Omit<DutyPerson, 'key'>) =>
    request<DutyPerson>('PUT', `/duty/people/${path(key)}`, { body }),
  addShift: (body: NewShift) => request<Shift>('POST', '/duty/shifts', { body }),
  dropShift: (id: string) => request<void>('DELETE', `/duty/shifts/${path(id)}`),
  log: async (before?: number) =>
    (await request<{ handovers: Handover[] }>('GET', `/duty/log${query({ before, limit: 50 })}`)).handovers,
  give: (roster: string, text: string, id: string) =>
    request<{ id: string }>('POST', '/duty/log', { body: { roster, text, id } }),
  take: (id: string) => request<{ id: string }>('POST', `/duty/log/${path(id)}/sign`),
  check: () => request<{ ok: boolean; lines: number; broken: number | null }>('GET', '/duty/log/check'),
  report: (date: string) => request<DailyReport>('GET', `/duty/report${query({ date })}`),
}
