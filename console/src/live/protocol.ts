/** The live socket's messages, and what each does to the maps. Pure: no socket, no Vue. */
import type { Entities, EntityName } from '../api/types'

export interface Snapshot {
  type: 'snapshot'
  seq: number
  entities: Partial<Record<string, Record<string, unknown>>>
}

export interface Change {
  entity: string
  id: string
  value: unknown
}

export interface Changes {
  type: 'changes'
  seq: number
  changes: Change[]
}

export interface Ping {
  type: 'ping'
}

/** A refusal told on the socket; the server closes after it, or ignores what it did not understand. */
export interface Trouble {
  type: 'error'
  error: { code: string }
}

export type Message = Snapshot | Changes | Ping | Trouble

export type LiveMaps = { [E in EntityName]: Map<string, Entities[E]> }

const ENTITY_NAMES: readonly EntityName[] = [
  'extension',
  'call',
  'waiting',
  'task',
  'incident',
  'alarm',
  'intercept',
  'intrusion',
  'room',
  'room_member',
  'roll',
  'notice',
  'notice_person',
  'sms_campaign',
  'sms_list',
  'sms_replies',
  'trunk',
  'room_speaker',
  'camp',
  'night',
  'intercom',
  'location',
  'plan_run',
  'duty',
]

/** Read one text frame; `null` when it is none of the known messages. */
export function parseMessage(text: string): Message | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const type = (value as { type?: unknown } | null)?.type
  return type === 'snapshot' || type === 'changes' || type === 'ping' || type === 'error'
    ? (value as Message)
    : null
}

function mapOf(maps: LiveMaps, entity: string): Map<string, unknown> | null {
  return (ENTITY_NAMES as readonly string[]).includes(entity)
    ? (maps[entity as EntityName] as Map<string, unknown>)
    : null
}

/** Replace everything. What is equal keeps its place, so that nothing on the screen jumps. */
export function applySnapshot(maps: LiveMaps, snapshot: Snapshot): void {
  for (const name of ENTITY_NAMES) {
    const map = maps[name] as Map<string, unknown>
    const next = snapshot.entities[name] ?? {}
    for (const id of [...map.keys()]) if (!(id in next)) map.delete(id)
    for (const [id, value] of Object.entries(next)) map.set(id, value)
  }
}

/** Put or drop single values; entities of a newer server that we do not know are passed over. */
export function applyChanges(maps: LiveMaps, changes: readonly Change[]): void {
  for (const { entity, id, value } of changes) {
    const map = mapOf(maps, entity)
    if (!map) continue
    if (value === null) map.delete(id)
    else map.set(id, value)
  }
}

/** Milliseconds until the next attempt to connect: 0.25 s, doubling up to 5 s, with up to a fifth of jitter. */
export function backoff(attempt: number, random: number): number {
  const base = Math.min(5000, 250 * 2 ** Math.min(attempt, 10))
  return Math.round(base * (1 - 0.2 * random))
}

/** Milliseconds of silence after which the picture counts as old; the server pings every 15 s. */
export const SILENCE_LIMIT = 25_000
