/** What the screen derives from intercepts, calls and options. Pure. */
import type { Call, Leg } from '../api/types'
import type { Act, Intercept, Option } from './types'

/** In the order of the buttons: from what nobody notices to what ends the call. */
export const ACTS: readonly Act[] = ['monitor', 'whisper', 'insert', 'takeover', 'release']

/** The right that an act takes, as intercept/model.py has it. */
function rightFor(act: Act): string {
  return act === 'takeover' ? 'call.takeover' : `intercept.${act}`
}

/** ITU-T I.255.3: 0 is the highest, 4 is routine. */
const ROUTINE = 4
export const isAboveRoutine = (level: number | null | undefined): level is number =>
  typeof level === 'number' && level < ROUTINE

/** Those who talk in a call and are not of the own desk. */
export function partiesOf(call: Call | undefined, desk: string | null): Leg[] {
  return (call?.legs ?? []).filter(
    (leg) => (leg.state === 'up' || leg.state === 'held') && (desk === null || leg.extension !== desk),
  )
}

/** Whom to whisper to first: the dispatcher in the call, else whoever was called. */
export function firstTarget(parties: readonly Leg[]): string | null {
  const desk = parties.find((leg) => leg.role === 'desk')
  return (desk ?? parties.find((leg) => leg.role !== 'caller') ?? parties[0])?.id ?? null
}

/** Whom to stay connected with after a release: the caller. */
export function keptTarget(parties: readonly Leg[]): string | null {
  return (parties.find((leg) => leg.role === 'caller') ?? parties[0])?.id ?? null
}

export function nextTarget(parties: readonly Leg[], present: string | null): string | null {
  const at = parties.findIndex((leg) => leg.id === present)
  if (at < 0) return firstTarget(parties)
  return parties[(at + 1) % parties.length]?.id ?? null
}

export function nameOf(leg: Leg): string {
  return leg.name ? `${leg.number} ${leg.name}` : leg.number
}

/** Who hears the one who intercepts: nobody, one party, or everybody. */
export type Hearing = 'nobody' | 'one' | 'all'

export function heardBy(session: Pick<Intercept, 'act' | 'stage'>): Hearing {
  if (session.stage !== 'up') return 'nobody'
  if (session.act === 'whisper') return 'one'
  return session.act === 'monitor' ? 'nobody' : 'all'
}

/** Of the own intercepts: the one that is running, and the requests that wait. */
export const runningOf = (own: readonly Intercept[]): Intercept | null =>
  own.find((session) => session.stage !== 'pending' && session.stage !== 'ended') ?? null

export function waitingOf(all: readonly Intercept[]): Intercept[] {
  return all
    .filter((session) => session.stage === 'pending')
    .sort((a, b) => (a.expires_at ?? 0) - (b.expires_at ?? 0) || (a.id < b.id ? -1 : 1))
}

/** All that the answer of the server depends on: who is in the call and what it does, for which desk. */
export function pictureOf(call: Call | undefined, desk: string | null): string {
  return call ? [call.state, call.precedence, call.legs.map((leg) => leg.id).join(), desk].join('|') : ''
}

/** What the server said of a call, and the picture of the call when it was asked. */
export interface Known {
  picture: string
  acts: readonly Option[]
}

/** What the server says of an act; `null` while it has not said so of the call as it is now. */
export function optionOf(known: Known | undefined, picture: string, act: Act): Option | null {
  if (known?.picture !== picture) return null
  return known.acts.find((option) => option.act === act) ?? null
}

/**
 * Why an act cannot be done as far as the picture tells, as a key of the messages; the server has the last word.
 * It is known at once, while the answer of the server is under way.
 */
export function plainObstacle(
  act: Act,
  call: Call | undefined,
  desk: string | null,
  may: (right: string) => boolean,
  inside = false,
): string | null {
  if (!call) return 'gone'
  if (!may(rightFor(act))) return 'noRight'
  if (desk === null) return 'noDesk'
  if (call.state === 'parked') return 'parked'
  if (call.state === 'ringing' || call.state === 'waiting') return 'ringing'
  // From within, by an intercept of the own, one goes over to another act.
  if (act !== 'release' && !inside && call.legs.some((leg) => leg.extension === desk)) return 'ownCall'
  return null
}
