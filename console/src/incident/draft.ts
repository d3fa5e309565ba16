/** The text that a dispatcher types, against the incident that others may change too. Pure. */
import type { Incident } from '../api/types'

export interface Draft {
  incidentId: string
  version: number
  title: string
  note: string
  name: string
  address: string
}

export type DraftField = 'title' | 'note' | 'name' | 'address'
export const DRAFT_FIELDS: readonly DraftField[] = ['title', 'note', 'name', 'address']

const textOf = (incident: Incident, field: DraftField): string => incident[field] ?? ''

export function draftOf(incident: Incident): Draft {
  return {
    incidentId: incident.id,
    version: incident.version,
    title: incident.title,
    note: incident.note,
    name: incident.name ?? '',
    address: incident.address ?? '',
  }
}

/** The fields that differ from `base`, which is what the server last had. */
export function changes(draft: Draft, base: Incident): Partial<Record<DraftField, string>> {
  const changed = DRAFT_FIELDS.filter((field) => draft[field] !== textOf(base, field))
  return Object.fromEntries(changed.map((field) => [field, draft[field]]))
}

export interface Merged {
  draft: Draft
  /** Somebody else changed a field that was being typed in. */
  conflict: boolean
}

function mergedText(field: DraftField, mine: string, theirs: string): string {
  return field === 'note' ? `${theirs}\n${mine}`.trim() : theirs
}

/**
 * Bring a newer incident into a draft that began from `base`: a field that only one side changed takes that
 * change; where both did, the note keeps both texts and any other field takes the server's.
 */
export function merge(draft: Draft, base: Incident, fresh: Incident): Merged {
  const next = { ...draft, version: fresh.version }
  let conflict = false
  for (const field of DRAFT_FIELDS) {
    const [before, mine, theirs] = [textOf(base, field), draft[field], textOf(fresh, field)]
    if (mine === before) next[field] = theirs
    else if (theirs !== before && theirs !== mine) {
      next[field] = mergedText(field, mine, theirs)
      conflict = true
    }
  }
  return { draft: next, conflict }
}
