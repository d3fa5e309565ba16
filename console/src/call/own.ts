/** The calls at the own desk, out of the live picture and the browser phone. Pure. */
import type { Category } from '../api/category'
import type { Call, CallKind, Incident, Millis, Waiting } from '../api/types'
import { incidentOf, otherParty, ownCalls, ownState, type OwnState } from '../live/derive'

/** What the phone knows of a session, without its machinery. */
export interface SessionInfo {
  id: string
  direction: 'in' | 'out'
  state: 'ringing' | 'connecting' | 'talking'
  number: string
  name: string | null
  since: Millis
}

export interface OwnCall {
  /** Id of the call on the server; `null` for one that only the phone knows. */
  callId: string | null
  sessionId: string | null
  state: OwnState
  kind: CallKind | null
  digits: string | null
  className: string | null
  number: string
  name: string | null
  category: Category | null
  address: string | null
  since: Millis
  answeredAt: Millis | null
  precedence: number | null
  /** The number that is being asked before a transfer. */
  consult: string | null
  owner: string | null
  incident: Incident | null
}

export interface Picture {
  desk: string | null
  linkUp: boolean
  calls: Iterable<Call>
  waiting: ReadonlyMap<string, Waiting>
  incidents: Iterable<Incident>
  sessions: readonly SessionInfo[]
  /** Sessions that have been seen as part of a live call; they end a moment after it does. */
  matched: ReadonlySet<string>
}

/** The session that carries a call: the only one there is, or the one that shows a number of the call. */
function sessionOf(call: Call, sessions: readonly SessionInfo[], calls: number): SessionInfo | null {
  if (sessions.length === 1 && calls === 1) return sessions[0] ?? null
  const numbers = new Set([call.caller.number, call.called.number, ...call.legs.map((leg) => leg.number)])
  return sessions.find((session) => numbers.has(session.number)) ?? null
}

function fromCall(call: Call, picture: Picture, session: SessionInfo | null): OwnCall {
  const desk = picture.desk ?? ''
  const entry = picture.waiting.get(call.id)
  const incident = incidentOf(picture.incidents, call)
  const party = otherParty(call, desk)
  return {
    callId: call.id,
    sessionId: session?.id ?? null,
    state: ownState(call, desk),
    kind: call.kind,
    digits: call.digits,
    className: call.class_name,
    number: party.number,
    name: incident?.name || party.name || entry?.name || null,
    category: call.category,
    address: incident?.address || call.address || entry?.address || null,
    since: call.since,
    answeredAt: call.answered_at,
    precedence: call.precedence,
    consult: call.consult?.by === desk ? call.consult.number : null,
    owner: call.owner,
    incident,
  }
}

function fromSession(session: SessionInfo): OwnCall {
  const state: OwnState =
    session.state === 'talking' ? 'talking' : session.direction === 'out' ? 'dialing' : 'ringing'
  return {
    callId: null,
    sessionId: session.id,
    state,
    kind: null,
    digits: null,
    className: null,
    number: session.number,
    name: session.name,
    category: null,
    address: null,
    since: session.since,
    answeredAt: session.state === 'talking' ? session.since : null,
    precedence: null,
    consult: null,
    owner: null,
    incident: null,
  }
}

/** Calls with an own leg, and waiting ones offered to the own desk (they pop before the phone rings). */
function candidates(picture: Picture): Call[] {
  const all = [...picture.calls]
  const own = ownCalls(all, picture.desk)
  const offered = all.filter(
    (call) => !own.includes(call) && picture.waiting.get(call.id)?.offered_to === picture.desk,
  )
  return picture.desk === null ? own : [...own, ...offered]
}

/**
 * The calls to show as own, the most urgent first. While the picture is old, the phone knows better which calls
 * are still up: a call whose session has ended is gone, and a session that nobody told us of is a call.
 */
export function ownView(picture: Picture): OwnCall[] {
  const calls = candidates(picture)
  const used = new Set<string>()
  const shown: OwnCall[] = []
  for (const call of calls) {
    const free = picture.sessions.filter((session) => !used.has(session.id))
    const session = sessionOf(call, free, calls.length)
    if (session) used.add(session.id)
    if (picture.linkUp || session || !picture.matched.size) shown.push(fromCall(call, picture, session))
  }
  const strangers = picture.sessions.filter((session) => !used.has(session.id))
  const visible = picture.linkUp ? strangers.filter((session) => !picture.matched.has(session.id)) : strangers
  if (picture.linkUp && shown.length >= picture.sessions.length) return shown
  return [...shown, ...visible.map(fromSession)]
}
