/** Which incident the pane shows. Pure decisions; the pane keeps the id. */
import type { Incident } from '../api/types'

const TABS = 3

/**
 * The tabs over the incident: the one of the call in hand, then those that this person has worked on last, so
 * that a note can be finished after the next call has come.
 */
export function tabs(incidents: Iterable<Incident>, login: string, ofCall: string | null): Incident[] {
  const open = [...incidents].filter(
    (incident) => incident.id === ofCall || (incident.owner === login && incident.status !== 'closed'),
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
