/** What the wall of the command room shows, counted from the picture. Pure. */
import type { Extension, Incident, Millis, Waiting } from '../api/types'
import type { Trunk } from '../api/trunks'
import { isOver } from '../incident/shown'
import { tone } from '../trunks/derive'

export interface ClassCount {
  digits: string
  fallback: string
  count: number
  oldest: Millis | null
}

/** Those who wait, by emergency number: the known ones always, so that no row comes and goes. */
export function byClass(known: readonly string[], waiting: readonly Waiting[]): ClassCount[] {
  const others = waiting.map((entry) => entry.digits).filter((digits) => !known.includes(digits))
  return [...new Set([...known, ...others])].map((digits) => {
    const rows = waiting.filter((entry) => entry.digits === digits)
    return {
      digits,
      fallback: rows[0]?.class_name ?? '',
      count: rows.length,
      oldest: rows.length ? Math.min(...rows.map((entry) => entry.since)) : null,
    }
  })
}

export const longest = (waiting: readonly Waiting[]): Millis | null =>
  waiting.length ? Math.min(...waiting.map((entry) => entry.since)) : null

/** Open incidents: the worst grade first, ungraded last, and of one grade the newest first. */
export function openIncidents(incidents: Iterable<Incident>): Incident[] {
  const rank = (incident: Incident) => incident.grade || 9
  return [...incidents]
    .filter((incident) => !isOver(incident.status) && !incident.merged_into)
    .sort((a, b) => rank(a) - rank(b) || b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
}

export interface Desks {
  ready: number
  seated: number
  all: number
}

export function deskCount(extensions: Iterable<Extension>): Desks {
  const desks = [...extensions].filter((entry) => entry.kind === 'desk')
  const seated = desks.filter((entry) => entry.user)
  return {
    ready: seated.filter((entry) => entry.duty === 'ready').length,
    seated: seated.length,
    all: desks.length,
  }
}

export interface Lines {
  well: number
  all: number
  busy: number
  capacity: number
}

/** Trunks that are in use; one that was switched off on purpose is none that fails. */
export function trunkCount(trunks: readonly Trunk[]): Lines {
  const used = trunks.filter((trunk) => trunk.state !== 'disabled')
  const sum = (of: (trunk: Trunk) => number) => used.reduce((total, trunk) => total + of(trunk), 0)
  return {
    well: used.filter((trunk) => tone(trunk) !== 'bad').length,
    all: used.length,
    busy: sum((trunk) => trunk.busy),
    capacity: sum((trunk) => trunk.capacity),
  }
}
