/** Which incident the pane shows. Pure decisions; the pane keeps the id. */
import { INCIDENT_STATES, type Incident, type IncidentStatus } from '../api/types'

const TABS = 3

/** Whether nobody works on an incident in this state any more. */
export const isOver = (status: string): boolean => status === 'closed' || status === 'reviewed'

/**
 * The tabs over the incident: the one of the call in hand, then those that this person has worked on last, so
 * that a note can be finished after the next call has come.
 */
export function tabs(incidents: Iterable<Incident>, login: string, ofCall: string | null): Incident[] {
  const open = [...incidents].filter(
    (incident) => incident.id === ofCall || (incident.owner === login && !isOver(incident.status)),
  )
  const first = (incident: Incident) => (incident.id === ofCall ? 0 : 1)
  return open.sort((a, b) => first(a) - first(b) || b.created_at - a.created_at).slice(0, TABS)
}

/**
 * Whether the pane turns to the incident of the call in hand: always, but for a call that merely rings while
 * somebody is typing, whose next words must not land in another case.
 */
export function turns(callState: string, typing: boolean): boolean {
  return !(typing && callState === 'ringing')
}

const ORDER: readonly string[] = INCIDENT_STATES

/** The states that may follow, as the server rules: `reviews` is the right to review and to open again. */
export function nextStates(before: IncidentStatus, reviews: boolean): IncidentStatus[] {
  if (isOver(before)) {
    const again: IncidentStatus[] = before === 'closed' ? ['controlled', 'reviewed'] : ['controlled']
    return reviews ? again : []
  }
  const at = ORDER.indexOf(before)
  return INCIDENT_STATES.filter((after, place) => after !== 'reviewed' && (place > at || place === at - 1))
}

/** Going back needs a reason. */
export const takesReason = (before: string, after: string): boolean =>
  ORDER.indexOf(after) < ORDER.indexOf(before)
