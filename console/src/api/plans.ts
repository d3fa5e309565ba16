/** Plans over HTTP and as the live socket shows their runs. */
import { query, request } from './http'
import type { Millis } from './types'

export const STEP_KINDS = ['ring', 'conference', 'notify', 'sms', 'task', 'publish', 'plan'] as const
export type StepKind = (typeof STEP_KINDS)[number]

export interface PlanTarget {
  groups?: string[]
  duty?: string[]
  people?: string[]
  numbers?: string[]
  area?: boolean
}

export interface PlanStep {
  id: string
  do: StepKind
  name?: string
  to?: PlanTarget
  text?: string
  language?: 'zh' | 'en'
  confirm?: boolean
  tries?: number
  pause_seconds?: number
  deadline_minutes?: number
  after?: string[]
  plan?: string
  level?: string
}

export interface PlanLevel {
  id: string
  name?: string
  approvals?: number
  grades?: number[]
  steps: PlanStep[]
}

export interface PlanTrigger {
  types?: string[]
  grades?: number[]
  areas?: string[]
  auto?: boolean
}

export interface PlanBody {
  key: string
  name: string
  note?: string
  trigger?: PlanTrigger
  levels: PlanLevel[]
}

export interface PlanRow {
  key: string
  name: string
  version: number
  enabled: boolean
  updated_at: Millis
  trigger: PlanTrigger | null
  levels: { id: string; name: string; approvals: number; steps: number }[]
}

export interface PlanVersion {
  version: number
  login: string
  at: Millis
  remark: string
  run_id: string
}

export interface PlanDetail {
  key: string
  version: number
  enabled: boolean
  plan: PlanBody
  yaml: string
  versions: PlanVersion[]
}

export interface Missed {
  what: string
  why: string
}

export interface Reached {
  number: string
  name: string
  then: string
  via: string
}

export interface StepReach {
  step: string
  do: StepKind
  available: boolean
  reached: Reached[]
  missed: Missed[]
}

export interface DryRun {
  version: number
  level: string
  approvals: number
  people: number
  steps: StepReach[]
}

export interface Problem {
  line: number
  place: string
  message: string
  message_zh?: string
}

export type RunState = 'waiting' | 'running' | 'done' | 'aborted'
export type StepState = 'waiting' | 'doing' | 'done' | 'failed' | 'unavailable' | 'skipped'

export interface RunStep {
  step: string
  do: StepKind
  name: string
  state: StepState
  people: number
  troubles: number
  began_at: Millis | null
  ended_at: Millis | null
  due_at: Millis | null
  ref: string
  why: string
  escalated: boolean
}

export interface RunTask {
  id: string
  run_id: string
  step_id: string
  text: string
  number: string
  name: string
  deputy: string
  due_at: Millis | null
  state: 'open' | 'escalated' | 'done' | 'cancelled'
}

export interface PlanRun {
  id: string
  plan: string
  version: number
  level: string
  name: string
  login: string
  started_at: Millis
  ended_at: Millis | null
  state: RunState
  incident_id: string
  approvals: string[]
  approvals_needed: number
  steps: RunStep[]
  tasks: RunTask[]
}

/** A run in the list: without its steps. */
export type RunRow = Omit<PlanRun, 'steps' | 'tasks'>

export interface Start {
  level?: string
  incident_id?: string
  area?: object
  numbers?: string[]
  key?: string
}

const path = encodeURIComponent
const post = <T>(place: string, body: object = {}): Promise<T> => request<T>('POST', place, { body })
const plan = (key: string) => `/plans/${path(key)}`
const one = (id: string) => `/plan-runs/${path(id)}`

export const plans = {
  all: async () => (await request<{ plans: PlanRow[] }>('GET', '/plans')).plans,
  one: (key: string, version?: number) => request<PlanDetail>('GET', `${plan(key)}${query({ version })}`),
  check: (body: { yaml?: string; plan?: PlanBody }) =>
    post<{ ok: boolean; problems: Problem[]; plan: PlanBody | null }>('/plans/check', body),
  store: (key: string, body: { yaml?: string; plan?: PlanBody; base: number; remark: string }) =>
    request<{ version: number; missed: { level: string; step: string; missed: Missed[] }[] }>(
      'PUT',
      plan(key),
      { body },
    ),
  enable: (key: string, enabled: boolean) => request('PUT', `${plan(key)}/enabled`, { body: { enabled } }),
  dryRun: (key: string, body: Start) => post<DryRun>(`${plan(key)}/dry-run`, body),
  start: (key: string, body: Start) => post<PlanRun>(`${plan(key)}/start`, body),
}

export const runs = {
  page: async (filter: { plan?: string; before?: number; before_id?: string }) =>
    (await request<{ runs: RunRow[] }>('GET', `/plan-runs${query({ ...filter, limit: 100 })}`)).runs,
  one: (id: string) => request<PlanRun>('GET', one(id)),
  approve: (id: string) => post<PlanRun>(`${one(id)}/approve`),
  abort: (id: string) => post<PlanRun>(`${one(id)}/abort`),
  done: (id: string, task: string) => post<PlanRun>(`${one(id)}/tasks/${path(task)}/done`),
}
