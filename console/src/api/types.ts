/** The values that the server sends, as docs/explanation/architecture.md defines them. Instants are Millis. */
import type { Camp, IntercomRule, Night } from '../features/types'
import type { Intercept, Intrusion } from '../intercept/types'
import type { Category } from './category'
import type { ListReport, SmsCampaign } from './sms'
import type { Trunk } from './trunks'
import type { Notice, NoticePerson, Roll, Room, RoomMember, Speaker } from './conferences'
import type { CallerLocation } from './map'
import type { Post } from './duty'
import type { PlanRun } from './plans'

export type Millis = number

export interface Party {
  number: string
  name: string | null
}

export type ExtensionState = 'unregistered' | 'idle' | 'dialing' | 'ringing' | 'talking' | 'held'
export type Duty = 'off' | 'ready' | 'paused'

export interface BoardPhone {
  id: string
  kind: 'sip' | 'browser'
  registered: boolean
}

export interface Extension {
  number: string
  name: string
  kind: 'desk' | 'phone'
  state: ExtensionState
  since: Millis
  peer: Party | null
  call_id: string | null
  /** How many calls it has beside that one. */
  more_calls: number
  phones: BoardPhone[]
  user: string | null
  /** `null` for a phone, which has no duty. */
  duty: Duty | null
  skills: string[]
}

export type CallKind = 'emergency' | 'internal' | 'incoming' | 'outgoing'
export type CallState = 'waiting' | 'ringing' | 'talking' | 'held' | 'parked'
export type LegState = 'dialing' | 'ringing' | 'up' | 'held'

export interface Leg {
  id: string
  number: string
  name: string | null
  extension: string | null
  role: 'caller' | 'desk' | 'party'
  state: LegState
  since: Millis
}

export interface Call {
  id: string
  kind: CallKind
  digits: string | null
  class_name: string | null
  class_name_en: string | null
  state: CallState
  since: Millis
  started_at: Millis
  answered_at: Millis | null
  caller: Party
  called: Party
  /** Of the calling party, where the trunk told it. */
  category: Category | null
  address: string | null
  /** 0 flash override to 4 routine (ITU-T I.255.3); `null` when the server tells none. */
  precedence: number | null
  legs: Leg[]
  incident_id: string | null
  parked_at: string | null
  /** The desk that put the call on hold. */
  held_by: string | null
  owner: string | null
  task_id: string | null
  /** Somebody asks another number before a transfer. */
  consult: { by: string; number: string } | null
}

export interface Waiting {
  call_id: string
  digits: string
  class_name: string
  class_name_en: string
  rank: number
  /** The precedence level that the caller has, 0 (flash override) to 4 (routine). */
  precedence: number
  /** The level it is served with: its own, or what a dispatcher's moving made of it. */
  level: number
  number: string
  name: string | null
  category: Category | null
  address: string | null
  since: Millis
  offered_to: string | null
  offered_at: Millis | null
  /** The desk that is taking it at this moment. */
  claimed_by: string | null
  stage: 'desk' | 'next' | 'duty'
  skill: string | null
}

export interface Task {
  id: string
  number: string
  name: string | null
  digits: string
  class_name: string
  class_name_en: string
  calls: number
  first_at: Millis
  last_at: Millis
  state: 'open' | 'calling' | 'closed'
  owner: string | null
  attempts: number
  reason: string | null
  incident_id: string | null
}

export interface Incident {
  id: string
  title: string
  status: IncidentStatus
  /** Its place in the order of all incidents; lists go on before it. */
  seq: number
  owner: string | null
  number: string
  name: string | null
  address: string | null
  digits: string
  class_name: string
  class_name_en: string
  call_ids: string[]
  note: string
  result: string
  /** Five digits after GB/T 35561; empty: not known yet. */
  type: string
  /** 1 to 4; 0: not graded yet. */
  grade: number
  latitude: number | null
  longitude: number | null
  /** Metres. */
  uncertainty: number
  merged_into: string
  report_due_at: Millis | null
  /** Counts what is in the timeline. */
  activity: number
  created_at: Millis
  updated_at: Millis
  version: number
}

export const INCIDENT_STATES = [
  'draft',
  'verified',
  'dispatched',
  'en_route',
  'on_scene',
  'controlled',
  'closed',
  'reviewed',
] as const
export type IncidentStatus = (typeof INCIDENT_STATES)[number]

/** The replicated views, by entity. */
export interface Entities {
  extension: Extension
  call: Call
  waiting: Waiting
  task: Task
  incident: Incident
  alarm: Alarm
  intercept: Intercept
  intrusion: Intrusion
  room: Room
  room_member: RoomMember
  roll: Roll
  notice: Notice
  notice_person: NoticePerson
  sms_campaign: SmsCampaign
  sms_list: ListReport
  sms_replies: { heard: number }
  trunk: Trunk
  camp: Camp
  night: Night
  room_speaker: Speaker
  intercom: IntercomRule
  plan_run: PlanRun
  duty: Post
  location: CallerLocation
}
export type EntityName = keyof Entities

export interface Me {
  login: string
  name: string
  role: string
  language: 'zh' | 'en'
  rights: string[]
  desk: string | null
}

/** A fault that the server itself has noticed. */
export interface Alarm {
  id: string
  code: string
  message: string
  next_step: string
  message_zh: string
  next_step_zh: string
  since: Millis
}

export interface PhoneConfig {
  extension: string
  uri: string
  /** Ports of the switch for SIP over WebSocket; its host is the one this page came from. */
  ws_port: number
  wss_port: number
  ws_path: string
  username: string
  password: string
  ice: string[]
}

export interface SpeedDial {
  position: number
  label: string
  number: string
}

export interface EmergencyNumber {
  digits: string
  name_zh: string
  name_en: string
  rank: number
  skill: string | null
}
