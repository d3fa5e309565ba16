/** An entry of the timeline in the words of the console. */
import type { Entry } from '../api/cases'
import { t, te } from '../i18n'

/** A kind that a newer layer brought is shown by its name. */
export function entryText(entry: Entry): string {
  const key = `cases.entry.${entry.kind.replaceAll('.', '_')}`
  if (!te(key)) return entry.kind
  return t(key, valuesOf(entry))
}

const STATE_WORDS: Record<string, string> = {
  'incident.order': 'cases.order',
  'incident.report': 'cases.report',
  'sms.campaign': 'sms.state',
}

function valuesOf({ kind, body }: Entry): Record<string, unknown> {
  // A number of a report is no count.
  const text = (value: unknown) => (value === undefined || value === null ? '' : String(value))
  const words = STATE_WORDS[kind]
  const values = {
    ...Object.fromEntries(Object.entries(body).map(([name, value]) => [name, text(value)])),
    number: text(body.number ?? body.caller_number),
    desk: text(body.extension),
  }
  if (kind === 'incident.moved')
    return { ...values, before: stateName(body.before), after: stateName(body.after) }
  return words && body.state ? { ...values, state: t(`${words}.${text(body.state)}`) } : values
}

const stateName = (state: unknown): string => t(`incident.status.${String(state)}`)
