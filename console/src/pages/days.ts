/** Days of the calendar, as date fields give them, and instants. */
import type { Millis } from '../api/types'

const DAY = 86_400_000

/** The first instant of a day in local time; `undefined` for an empty field. */
export function dayStart(text: string): Millis | undefined {
  return text ? new Date(`${text}T00:00:00`).getTime() : undefined
}

/** The first instant after a day. A day with a change of clocks is not 24 hours long, so ask the calendar. */
export function dayEnd(text: string): Millis | undefined {
  const start = dayStart(text)
  if (start === undefined) return undefined
  const next = new Date(start + DAY * 1.5)
  return new Date(next.getFullYear(), next.getMonth(), next.getDate()).getTime()
}
