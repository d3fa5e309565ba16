/** What of an entry of the timeline stands out, and the line under it. Pure. */
import type { Entry } from '../api/cases'

/**
 * The line under it: what was said, why, what was changed. `word` names a field of an incident, `reason` puts a
 * code into words.
 */
export function entryMore(
  { kind, body }: Entry,
  word = (field: string) => field,
  reason = (code: string) => code,
): string {
  if (kind === 'incident.edited') {
    const fields = (body.fields ?? {}) as Record<string, [unknown, unknown]>
    return Object.entries(fields)
      .map(
        ([name, [before, after]]) => `${word(name)}: ${String(before ?? '') || '–'} → ${String(after ?? '')}`,
      )
      .join('; ')
  }
  if (typeof body.text === 'string') return body.text
  const why = body.reason ?? body.why
  return typeof why === 'string' ? reason(why) : ''
}

/** What stands out: orders and reports that are late, and those who hung up. */
export function entryTone(kind: string): 'bad' | 'good' | '' {
  if (/overdue|abandoned|refused/.test(kind)) return 'bad'
  return kind === 'incident.moved' ? 'good' : ''
}
