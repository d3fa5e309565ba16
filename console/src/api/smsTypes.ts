/** What mass SMS tells, over HTTP and on the live socket. */
import type { Millis } from './types'

export type CampaignState =
  'draft' | 'approval' | 'scheduled' | 'preparing' | 'running' | 'paused' | 'finished' | 'cancelled'
export type CampaignPriority = 'life_safety' | 'urgent' | 'normal' | 'bulk'
export type MessageState =
  | 'queued'
  | 'leased'
  | 'submitting'
  | 'submitted'
  | 'delivered'
  | 'failed'
  | 'expired'
  | 'in_doubt'
  | 'cancelled'
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
  /** Whose fields could not be filled. */
  unfilled: number
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
  personal: boolean
  incident_id: string
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
  /** The text is a template, filled from the columns of the lists. */
  personal: boolean
  incident_id: string
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
  /** What the file told beside: fields that a text can name. */
  columns: string[]
  created_at: Millis
}
export interface BadRow {
  line: number
  why: string
  cell: string
}
export type ListReport = Omit<SmsList, 'state' | 'placed' | 'columns' | 'created_at'> & { bad_rows: BadRow[] }

/** Numbers that begin with `prefix` go over the link, at `cost` thousandths of the currency for each part. */
export interface LinkRoute {
  prefix: string
  cost: number
}

export interface SmsLink {
  id: number
  name: string
  host: string
  port: number
  protocol: 'smpp' | 'cmpp'
  window: number
  rate: number
  system_id: string
  sender: string
  tls: boolean
  exercise: boolean
  enabled: boolean
  paused: boolean
  routes: LinkRoute[]
  status: {
    state: 'disabled' | 'connecting' | 'bound' | 'paused' | 'waiting' | 'unknown'
    detail: string
    detail_zh: string
    in_flight: number
    rate: number
    submitted: number
    refused: number
    throttled: number
    receipts: number
    replies: number
  }
}

/** What a new link needs. */
export type NewLink = Omit<SmsLink, 'id' | 'paused' | 'status'> & { password: string }

/** How many blocked numbers are shown at once. */
export const BLOCKED_PAGE = 100
export interface BlockedNumber {
  number: string
  kind: 'blacklist' | 'opt_out'
  why: string
  /** Who blocked it; empty: the citizen himself, by his answer. */
  login: string
  at: Millis
}

export interface SmsRules {
  /** More people than this need a second person. */
  approval_size: number
  signature: string
  sender: string
  /** Thousandths of the currency for a part. */
  price: number
  joining: 'udh8' | 'udh16' | 'payload'
}

/** An alert of another system, without its document. */
export interface CapAlert {
  id: string
  identifier: string
  sender: string
  sent: string
  status: string
  kind: string
  event: string
  campaign_id: string
  outcome: string
  at: Millis
}

export interface Template {
  id: string
  name: string
  text: string
  fields: { name: string; kind: string; choices: string[] }[]
}
