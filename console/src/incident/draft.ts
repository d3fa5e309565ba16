/** The text that a dispatcher types, against the incident that others may change too. Pure. */
import type { Incident } from '../api/types'

export interface Draft {
  incidentId: string
  version: number
  title: string
  note: string
  name: string
  address: string
  result: string
}

export type DraftField = 'title' | 'note' | 'name' | 'address' | 'result'
const DRAFT_FIELDS: readonly DraftField[] = ['title', 'note', 'name', 'address', 'result']

const textOf = (incident: Incident, field: DraftField): string => incident[field] ?? ''

export function draftOf(incident: Incident): Draft {
  return {
    incidentId: incident.id,
    version: incident.version,
    title: incident.title,
    note: incident.note,
    name: incident.name ?? '',
    address: incident.address ?? '',
    result: incident.result,
  }
}

/** The fields that differ from `base`, which is what the server last had. */
export function changes(draft: Draft, base: Incident): Partial<Record<DraftField, string>> {
  const changed = DRAFT_FIELDS.filter((field) => draft[field] !== textOf(base, field))
  return Object.fromEntries(changed.map((field) => [field, draft[field]]))
}

/** A field that two people changed: what stands there now, and what this person had typed. */
export interface Both {
  field: DraftField
  theirs: string
  mine: string
}

export interface Merged {
  draft: Draft
  /** Somebody else changed a field that was being typed in. */
  conflict: boolean
  both: Both[]
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
  const both: Both[] = []
  for (const field of DRAFT_FIELDS) {
    const [before, mine, theirs] = [textOf(base, field), draft[field], textOf(fresh, field)]
    if (mine === before) next[field] = theirs
    else if (theirs !== before && theirs !== mine) {
      next[field] = mergedText(field, mine, theirs)
      both.push({ field, theirs, mine })
    }
  }
  return { draft: next, conflict: both.length > 0, both }
}
