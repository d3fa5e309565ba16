/** What the screen derives from camp-ons and from the timetable of night service. Pure. */
import type { Extension } from '../api/types'
import type { Camp, Night, NightPeriod } from './types'

/** The camp-ons of a desk, the oldest first. */
export function campsOf(camps: Iterable<Camp>, desk: string | null): Camp[] {
  if (desk === null) return []
  return [...camps]
    .filter((camp) => camp.caller === desk)
    .sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1))
}

/** In a call, or about to be: one can wait for it. */
export function isBusy(entry: Pick<Extension, 'state'> | undefined): boolean {
  return entry !== undefined && entry.state !== 'idle' && entry.state !== 'unregistered'
}

/** What the buttons of a tile do. The own extension has none. */
export function tileOffers(
  entry: Extension,
  desk: string | null,
  camps: Iterable<Camp>,
  intercom: (extension: string) => boolean,
): { camp: 'ask' | 'cancel' | null; intercom: boolean } {
  if (desk === null || entry.number === desk) return { camp: null, intercom: false }
  const waits = campsOf(camps, desk).some((camp) => camp.target === entry.number)
  return {
    camp: waits ? 'cancel' : isBusy(entry) ? 'ask' : null,
    intercom: entry.state === 'idle' && intercom(entry.number),
  }
}

/** A line of the form: an extension and where its calls go at night. */
export interface NightLine {
  extension: string
  target: string
}

export interface NightForm {
  targets: string[]
  periods: NightPeriod[]
  lines: NightLine[]
}

export function formOf(night: Night): NightForm {
  return {
    targets: [...night.targets],
    periods: night.periods.map((period) => ({ ...period, days: [...period.days] })),
    lines: night.lines.map((line) => ({ ...line })),
  }
}

const TIME = /^([01]?\d|2[0-3]):[0-5]\d$/

/** What is wrong with the form, as a key of the messages; `null` when nothing is. The server has the last word. */
export function problemOf(form: NightForm): string | null {
  if (form.periods.some((period) => period.days.length === 0)) return 'noDays'
  if (form.periods.some(({ begin, end }) => !TIME.test(begin) || !TIME.test(end))) return 'badTime'
  if (form.periods.length > 0 && form.targets.length === 0) return 'noTarget'
  const lines = form.lines.map((line) => line.extension)
  if (form.lines.some((line) => !line.extension || !line.target)) return 'emptyLine'
  return new Set(lines).size < lines.length ? 'twice' : null
}

export function tableOf(form: NightForm) {
  return {
    targets: form.targets.map((target) => target.trim()).filter(Boolean),
    periods: form.periods.map((period) => ({ ...period, days: [...period.days].sort() })),
    lines: Object.fromEntries(form.lines.map(({ extension, target }) => [extension.trim(), target.trim()])),
  }
}
