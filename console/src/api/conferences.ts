/** Conferences over HTTP and as the live socket shows them: rooms, groups, roll calls, notifications. */
import { query, request } from './http'
import type { RecordingRow } from './records'
import type { Millis } from './types'

export type RoomKind = 'adhoc' | 'fixed' | 'scheduled'
export type RoomRole = 'chair' | 'speaker' | 'member' | 'listener'
export type MemberState =
  | 'queued'
  | 'ringing'
  | 'in'
  | 'dropped'
  | 'left'
  | 'busy'
  | 'no_answer'
  | 'unreachable'
  | 'dead_number'
  | 'refused'
  | 'kicked'

export interface Room {
  id: string
  number: string
  name: string
  kind: RoomKind
  state: 'idle' | 'open' | 'closed'
  since: Millis
  has_pin: boolean
  most: number
  entry_tone: boolean
  starts_at: Millis | null
  ends_at: Millis | null
  chairs: string[]
  locked: boolean
  lecture: boolean
  recording: boolean
  joined_to: string | null
  present: number
  pending: number
  members: number
  /** Ids of members, the earliest hand first. */
  hands: string[]
}

export interface RoomMember {
  id: string
  room_id: string
  number: string
  name: string
  extension: string | null
  role: RoomRole
  state: MemberState
  since: Millis
  muted: boolean
  floor: boolean
  heard: boolean
  hand: number | null
  tries: number
  cause: number
  auto_answer: boolean
}

/** Somebody who talks in a room now and is heard. */
export interface Speaker {
  id: string
  room_id: string
}

/** A room that is over; its recordings for those who may listen. */
export type PastRoom = Room & { member_list: RoomMember[]; recordings?: RecordingRow[] }

export type RollKind = 'roll' | 'hunt'
export type EntryState = 'waiting' | 'ringing' | 'talking' | 'present' | 'absent'

export interface RollEntry {
  number: string
  state: EntryState
  why: string
}

export interface Roll {
  id: string
  room_id: string
  desk: string
  kind: RollKind
  state: 'running' | 'no_desk' | 'done' | 'conference' | 'stopped'
  started_at: Millis
  current: string | null
  entries: RollEntry[]
  absent: string[]
}

export interface Notice {
  id: string
  text: string
  language: 'zh' | 'en'
  login: string
  state: 'running' | 'done' | 'stopped'
  created_at: Millis
  ended_at?: Millis | null
  people: number
  reached: number
  failed: number
}

export type PersonState =
  'waiting' | 'ringing' | 'talking' | 'confirmed' | 'reached' | 'escalated' | 'failed' | 'stopped'

export interface NoticePerson {
  id: string
  notice_id: string
  number: string
  name: string
  state: PersonState
  tries: number
  next_at: Millis
  done_at: Millis | null
  why: string
  deputy: string
  deputy_for: string
}

export interface GroupMember {
  number: string
  name: string
  deputy: string
}

export interface Group {
  id: string
  name: string
  members: GroupMember[]
}

export interface NewRoom {
  name: string
  number: string
  kind: RoomKind
  pin: string
  most: number
  entry_tone: boolean
  lecture: boolean
  starts_at: Millis | null
  ends_at: Millis | null
}

export interface Invited {
  room_id: string
  invited: string[]
  repeated: string[]
  refused: string[]
}

export interface Invitation {
  numbers?: string[]
  groups?: string[]
  role?: RoomRole
  auto_answer?: boolean
  keep?: boolean
}

const path = encodeURIComponent
const post = <T = unknown>(place: string, body: object = {}): Promise<T> =>
  request<T>('POST', place, { body })
const room = (id: string) => `/rooms/${path(id)}`
const member = (id: string, who: string) => `${room(id)}/members/${path(who)}`

export const rooms = {
  add: (body: NewRoom) => post<Room>('/rooms', body),
  change: (id: string, body: object) => request<Room>('PATCH', room(id), { body }),
  end: (id: string) => request<void>('DELETE', room(id)),
  join: (id: string) => post<Invited>(`${room(id)}/join`),
  merge: (id: string, other: string) => post<Room>(`${room(id)}/merge`, { room_id: other }),
  split: (id: string) => post<Room>(`${room(id)}/split`),
  muteAll: (id: string, on: boolean) => post<Room>(`${room(id)}/${on ? 'mute' : 'unmute'}`),
  floor: (id: string, who: string | null, on = true) => post(`${room(id)}/floor`, { member: who, on }),
  invite: (id: string, body: Invitation) => post<Invited>(`${room(id)}/invite`, body),
  redial: (id: string, who?: string) =>
    post<{ rung: string[] }>(`${who ? member(id, who) : room(id)}/redial`),
  mute: (id: string, who: string, on: boolean) => post(`${member(id, who)}/${on ? 'mute' : 'unmute'}`),
  lower: (id: string, who: string) => request('DELETE', `${member(id, who)}/hand`),
  past: async () =>
    (await request<{ rooms: Room[] }>('GET', `/rooms${query({ past: 'true', limit: 100 })}`)).rooms,
  pastOne: (id: string) => request<PastRoom>('GET', `${room(id)}/past`),
  kick: (id: string, who: string) => post(`${member(id, who)}/kick`),
  role: (id: string, who: string, role: RoomRole) =>
    request('PUT', `${member(id, who)}/role`, { body: { role } }),
}

export interface GroupCall {
  groups: string[]
  numbers: string[]
  name: string
  auto_answer: boolean
  lecture: boolean
  recording: boolean
}

export const groups = {
  all: async () => (await request<{ groups: Group[] }>('GET', '/groups')).groups,
  add: (body: Omit<Group, 'id'>) => post<Group>('/groups', body),
  change: (id: string, body: Omit<Group, 'id'>) => request<Group>('PUT', `/groups/${path(id)}`, { body }),
  remove: (id: string) => request<void>('DELETE', `/groups/${path(id)}`),
  call: (body: GroupCall) => post<Invited & { room: Room }>('/group-calls', body),
}

export interface NewRoll {
  kind: RollKind
  numbers: string[]
  enough: number
  confirm: boolean
  stay: boolean
}
export type RollAct = 'next' | 'stop' | 'resume' | 'conference'

export const rolls = {
  all: async () =>
    (await request<{ roll_calls: Roll[] }>('GET', `/roll-calls${query({ limit: 50 })}`)).roll_calls,
  begin: (body: NewRoll) => post<Roll>('/roll-calls', body),
  act: (id: string, act: RollAct) => post<Roll>(`/roll-calls/${path(id)}/${act}`),
}

export interface NewNotice {
  text: string
  groups: string[]
  numbers: string[]
  language: 'zh' | 'en'
  sound: string | null
  tries: number
  pause_seconds: number
  confirm: boolean
}
export type Ledger = Notice & { ledger: NoticePerson[] }

export const noticesApi = {
  all: async () => (await request<{ notices: Notice[] }>('GET', `/notices${query({ limit: 50 })}`)).notices,
  one: (id: string) => request<Ledger>('GET', `/notices/${path(id)}`),
  send: (body: NewNotice) => request<Ledger>('POST', '/notices', { body, timeout: 60_000 }),
  stop: (id: string) => post<Notice>(`/notices/${path(id)}/stop`),
}
