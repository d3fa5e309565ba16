/** Mass SMS over HTTP and as the live socket shows it. */
import { query, request } from './http'
import type { Millis } from './types'

export type CampaignState =
  'draft' | 'approval' | 'scheduled' | 'preparing' | 'running' | 'paused' | 'finished' | 'cancelled'
export type CampaignPriority = 'life_safety' | 'urgent' | 'normal' | 'bulk'
export const MESSAGE_STATES = [
  'queued',
  'leased',
  'submitting',
  'submitted',
  'delivered',
  'failed',
  'expired',
  'in_doubt',
  'cancelled',
] as const
export type MessageState = (typeof MESSAGE_STATES)[number]
export type Counts = Record<MessageState, number>

export interface CampaignProgress {
  counts: Counts
  total: number
  waiting: number
  sent: number
  resent: number
  throttled: number
  /** Messages a second. */
  rate: number
  /** Seconds; null while nothing is sent. */
  left: number | null
}

export interface CampaignRow {
  id: string
  name: string
  text: string
  state: CampaignState
  priority: CampaignPriority
  exercise: boolean
  login: string
  submitted_by: string
  approved_by: string
  created_at: Millis
  starts_at: Millis | null
  began_at: Millis | null
  expires_at: Millis | null
  ended_at: Millis | null
  voice_after: Millis | null
  voice: string
  people: number
  parts: number
  alert: string
}

/** As the live socket shows those that are not over. */
export type SmsCampaign = CampaignRow & { progress: CampaignProgress | null }

export interface Audience {
  lists: string[]
  areas: string[]
  name: string
  shape: object | null
  groups: string[]
  numbers: string[]
}

export interface Tally {
  people: number
  repeated: number
  blacklisted: number
  opted_out: number
  not_mobile: number
  areas: { area: string; people: number }[]
}

export interface Preview {
  text: string
  coding: 'gsm7' | 'ucs2'
  characters: number
  parts: number
  left: number
  recipients: number
  messages: number
  /** Thousandths of the currency. */
  cost: number
  forced_by: string
}

export interface Campaign extends CampaignRow {
  audience: Audience
  advertising: boolean
  language: 'zh' | 'en'
  validity: Millis
  tally: Partial<Tally>
  preview: Preview
  counts?: Counts
  resent?: number
  welfare?: { safe: number; help: number }
}

export interface NewCampaign {
  name: string
  text: string
  audience: Audience
  priority: CampaignPriority
  exercise: boolean
  advertising: boolean
  starts_at: Millis | null
  validity_minutes: number
  voice_after_minutes: number | null
  language: 'zh' | 'en'
}

export interface SmsReport {
  counts: Counts
  total: number
  resent: number
  areas: { area: string; total: number; counts: Partial<Counts> }[]
  errors: { error: string; messages: number }[]
  welfare: { safe: number; help: number }
}

/** Who has not got it and talks on a line of ours. */
export interface Talking {
  id: number
  number: string
  name: string
  area: string
  state: MessageState
  call_id: string
}

export interface Reply {
  id: number
  number: string
  name: string
  area: string
  text: string
  meaning: 'safe' | 'help' | 'opt_out' | 'unknown'
  at: Millis
  task_id: string
  seen_by: string
}

export interface SmsList {
  id: number
  name: string
  state: 'importing' | 'ready'
  people: number
  repeated: number
  bad: number
  placed: number
  created_at: Millis
}
export interface BadRow {
  line: number
  why: string
  cell: string
}
export type ListReport = Omit<SmsList, 'state' | 'placed' | 'created_at'> & { bad_rows: BadRow[] }

export interface SmsLink {
  id: number
  name: string
  host: string
  port: number
  protocol: 'smpp' | 'cmpp'
  window: number
  rate: number
  exercise: boolean
  enabled: boolean
  paused: boolean
  status: {
    state: 'disabled' | 'connecting' | 'bound' | 'paused' | 'waiting' | 'unknown'
    detail: string
    in_flight: number
    rate: number
    submitted: number
    refused: number
    throttled: number
    receipts: number
    replies: number
  }
}

export interface Template {
  id: string
  name: string
  text: string
  fields: { name: string; kind: string; choices: string[] }[]
}

const path = encodeURIComponent
const one = (id: string) => `/sms/campaigns/${path(id)}`
const post = <T = unknown>(place: string, body: object = {}, timeout?: number): Promise<T> =>
  request<T>('POST', place, { body, ...(timeout ? { timeout } : {}) })
/** Counting a million people takes some seconds. */
const LONG = 120_000

export type CampaignAct = 'submit' | 'approve' | 'withdraw' | 'pause' | 'resume' | 'cancel'

export const sms = {
  campaigns: async () =>
    (await request<{ campaigns: CampaignRow[] }>('GET', `/sms/campaigns${query({ limit: 100 })}`)).campaigns,
  one: (id: string) => request<Campaign>('GET', one(id)),
  create: (body: NewCampaign) => post<Campaign>('/sms/campaigns', body),
  change: (id: string, body: NewCampaign) => request<Campaign>('PUT', one(id), { body }),
  remove: (id: string) => request<void>('DELETE', one(id)),
  act: (id: string, act: CampaignAct) => post<Campaign>(`${one(id)}/${act}`, {}, LONG),
  doubt: (id: string, resend: boolean) => post<Campaign>(`${one(id)}/doubt`, { resend }),
  test: (id: string, number: string) => post<Campaign>(`${one(id)}/test`, { number }),
  preview: (body: object) => post<Preview>('/sms/preview', body),
  count: (audience: Audience, life: boolean) =>
    post<Tally>('/sms/count', { audience, life_safety: life }, LONG),
  report: (id: string) => request<SmsReport>('GET', `${one(id)}/report`, { timeout: LONG }),
  csvUrl: (id: string) => `/api${one(id)}/report.csv`,
  capUrl: (id: string) => `/api${one(id)}/cap`,
  talking: async (id: string) => (await request<{ people: Talking[] }>('GET', `${one(id)}/talking`)).people,
  welfare: (id: string) =>
    request<{ safe: number; help: number; silent: number; people: Reply[] }>('GET', `${one(id)}/welfare`),
  replies: async (meaning: string | null) =>
    (await request<{ replies: Reply[] }>('GET', `/sms/replies${query({ meaning, limit: 200 })}`)).replies,
  seen: (id: number) => post(`/sms/replies/${id}/seen`),
  lists: async () => (await request<{ lists: SmsList[] }>('GET', '/sms/lists')).lists,
  importList: (name: string, file: Blob) =>
    request<ListReport>('POST', `/sms/lists/import${query({ name })}`, { csv: file, timeout: 1_800_000 }),
  removeList: (name: string) => request<void>('DELETE', `/sms/lists/${path(name)}`),
  badUrl: (name: string) => `/api/sms/lists/${path(name)}/bad.csv`,
  links: async () => (await request<{ links: SmsLink[] }>('GET', '/sms/links')).links,
  setLink: (name: string, body: object) => request<SmsLink>('PATCH', `/sms/links/${path(name)}`, { body }),
  templates: async () => (await request<{ templates: Template[] }>('GET', '/sms/templates')).templates,
  fill: async (id: string, values: Record<string, string>) =>
    (await post<{ text: string }>(`/sms/templates/${path(id)}/fill`, { values })).text,
}
