/** Durations and instants as text. */
import type { Millis } from '../api/types'

const two = (value: number) => String(value).padStart(2, '0')

/** `0:07`, `12:30`, `1:02:09`; never negative, since two clocks differ a little. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`
}

/** `14:03:09` in local time. */
export function timeOfDay(instant: Millis): string {
  const date = new Date(instant)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `2026-11-22` in local time. */
export function day(instant: Millis): string {
  const date = new Date(instant)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

export function dateTime(instant: Millis): string {
  return `${day(instant)} ${timeOfDay(instant)}`
}

/** As short as it stays clear at `present`: a time today, else day and time, else with the year. */
export function shortDateTime(instant: Millis, present: Millis): string {
  if (day(instant) === day(present)) return timeOfDay(instant)
  const text = `${day(instant)} ${timeOfDay(instant).slice(0, 5)}`
  return text.slice(0, 4) === day(present).slice(0, 4) ? text.slice(5) : text
}
