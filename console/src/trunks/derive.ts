/** What the page of trunks shows, as pure functions. */
import type { Circuit, Trunk } from '../api/trunks'

export type Tone = 'good' | 'wait' | 'bad' | ''

const SICK: readonly Trunk['state'][] = ['down', 'open', 'half_open', 'blocked']

/** What is not well comes first; within that by name, so that nothing jumps. */
export function trunkOrder(trunks: Iterable<Trunk>): Trunk[] {
  const sick = (trunk: Trunk) => (SICK.includes(trunk.state) ? 0 : 1)
  return [...trunks].sort((a, b) => sick(a) - sick(b) || (a.name < b.name ? -1 : 1))
}

export function tone(trunk: Trunk): Tone {
  if (trunk.state === 'disabled') return ''
  if (trunk.state === 'half_open') return 'wait'
  if (trunk.state !== 'up') return 'bad'
  return trunk.free === 0 ? 'wait' : 'good'
}

/** What stands in a square of the map: the CIC, the timeslot, or the number of the call. */
export function label(circuit: Circuit): string {
  if (circuit.cic !== null) return String(circuit.cic)
  if (circuit.slot !== null) return circuit.slot.split(':')[1] ?? circuit.slot
  return circuit.id.split('/')[1] ?? circuit.id
}

/** The share of outgoing calls that the far end answered, in percent; `null` before the first. */
export function answered(trunk: Trunk): number | null {
  const { attempts, answers } = trunk.counters
  return attempts === 0 ? null : Math.round((100 * answers) / attempts)
}

/** Q.850 causes, the most frequent first. */
export function causes(trunk: Trunk): [string, number][] {
  return Object.entries(trunk.counters.causes).sort((a, b) => b[1] - a[1] || Number(a[0]) - Number(b[0]))
}

export const isBlocked = (circuit: Circuit): boolean =>
  circuit.state === 'draining' || circuit.state.startsWith('blocked')

/** How many calls have ended on a trunk since the server started. */
export const ended = (trunk: Trunk): number =>
  Object.values(trunk.counters.causes).reduce((sum, count) => sum + count, 0)
