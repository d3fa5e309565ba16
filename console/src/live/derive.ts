/** Views of the picture as pure functions: queue order, own calls, what a row may do. */
import type { Call, Extension, Incident, Leg, Task, Waiting } from '../api/types'

/** Highest level first (0), then the class (rank 0), then the oldest; equal instants by id, so that rows never swap places. */
export function queueOrder(waiting: Iterable<Waiting>): Waiting[] {
  return [...waiting].sort(
    (a, b) => a.level - b.level || a.rank - b.rank || a.since - b.since || (a.call_id < b.call_id ? -1 : 1),
  )
}

/** The call that the take key takes: one offered to this desk, else the head; never one that another desk takes. */
export function nextWaiting(queue: readonly Waiting[], desk: string | null): Waiting | null {
  const free = queue.filter((entry) => entry.claimed_by === null || entry.claimed_by === desk)
  return free.find((entry) => desk !== null && entry.offered_to === desk) ?? free[0] ?? null
}

export function openTasks(tasks: Iterable<Task>): Task[] {
  return [...tasks]
    .filter((task) => task.state !== 'closed')
    .sort((a, b) => a.first_at - b.first_at || (a.id < b.id ? -1 : 1))
}

/** Numeric order for numbers of one length, and 99 before 1001. */
export function byNumber(a: { number: string }, b: { number: string }): number {
  return a.number.length - b.number.length || (a.number < b.number ? -1 : a.number > b.number ? 1 : 0)
}

/** Desks first, then phones, each by number. */
export function boardOrder(extensions: Iterable<Extension>): Extension[] {
  const kind = (entry: Extension) => (entry.kind === 'desk' ? 0 : 1)
  return [...extensions].sort((a, b) => kind(a) - kind(b) || byNumber(a, b))
}

export function ownLeg(call: Call, desk: string | null): Leg | null {
  return desk === null ? null : (call.legs.find((leg) => leg.extension === desk) ?? null)
}

export type OwnState = 'ringing' | 'dialing' | 'talking' | 'held'

/** What the call is to this desk. Held by the call or by the own leg: the dispatcher must resume either way. */
export function ownState(call: Call, desk: string): OwnState {
  const leg = ownLeg(call, desk)
  if (!leg || leg.state === 'ringing') return 'ringing'
  if (call.state === 'held' || call.held_by === desk || leg.state === 'held') return 'held'
  if (leg.state === 'dialing' || call.state === 'ringing') return 'dialing'
  return 'talking'
}

const OWN_ORDER: readonly OwnState[] = ['talking', 'dialing', 'ringing', 'held']

/** The calls at this desk, the one that needs the hands first. */
export function ownCalls(calls: Iterable<Call>, desk: string | null): Call[] {
  if (desk === null) return []
  const order = (call: Call) => OWN_ORDER.indexOf(ownState(call, desk))
  return [...calls]
    .filter((call) => ownLeg(call, desk) !== null && call.state !== 'parked')
    .sort((a, b) => order(a) - order(b) || b.started_at - a.started_at)
}

export function parkedCalls(calls: Iterable<Call>): Call[] {
  return [...calls].filter((call) => call.state === 'parked').sort((a, b) => a.since - b.since)
}

/** Calls for the list on the right: those that are up, oldest first. */
export function callList(calls: Iterable<Call>): Call[] {
  return [...calls].sort((a, b) => a.started_at - b.started_at || (a.id < b.id ? -1 : 1))
}

export function isRinging(call: Call): boolean {
  return call.state === 'ringing' || call.state === 'waiting'
}

/** Who is on the other side, seen from a desk; without a desk, the caller. */
export function otherParty(call: Call, desk: string | null): { number: string; name: string | null } {
  if (call.kind === 'emergency') return call.caller
  if (desk !== null && call.caller.number === desk) return call.called
  return call.caller
}

export function incidentOf(incidents: Iterable<Incident>, call: Call | null): Incident | null {
  if (!call) return null
  for (const incident of incidents) {
    if (incident.id === call.incident_id || incident.call_ids.includes(call.id)) return incident
  }
  return null
}

/** The call that a speed-dial button has placed and that has not been answered yet. */
export function dialedCall(calls: Iterable<Call>, desk: string | null, number: string): Call | null {
  for (const call of calls) {
    if (desk === null || call.caller.number !== desk || call.called.number !== number) continue
    if (call.answered_at === null || ownState(call, desk) !== 'talking') return call
  }
  return null
}
