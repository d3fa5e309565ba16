/** An entry of the timeline in the words of the console. */
import type { Entry } from '../api/cases'
import { t, te, wordFor } from '../i18n'

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
  'room.member': 'conference.member',
  'plan.started': 'plans.run',
  'plan.ended': 'plans.run',
  'plan.step': 'plans.state',
  'plan.task': 'plans.task',
}
/** Codes that stand in the text of any entry. */
const CODE_WORDS = { act: 'intercept.act', source: 'map.sources' } as const

function valuesOf({ kind, body }: Entry): Record<string, unknown> {
  // A number of a report is no count.
  const text = (value: unknown) => (value === undefined || value === null ? '' : String(value))
  const values: Record<string, string> = {
    ...Object.fromEntries(Object.entries(body).map(([name, value]) => [name, text(value)])),
    number: text(body.number ?? body.caller_number),
    desk: text(body.extension),
  }
  if (kind === 'incident.moved')
    return { ...values, before: stateName(body.before), after: stateName(body.after) }
  for (const [name, words] of Object.entries({ ...CODE_WORDS, state: STATE_WORDS[kind] }))
    if (words && values[name]) values[name] = wordFor(values[name], words)
  return values
}

/** Why: what a person wrote stands as it is, a code of ours in words. */
export function reasonText(said: string): string {
  const code = said.replaceAll(' ', '_')
  const word = /^\w+$/.test(code) ? wordFor(code, 'cases.why', 'plans.why') : code
  return word === code ? said : word
}

const stateName = (state: unknown): string => t(`incident.status.${String(state)}`)

const FIELD_WORDS: Record<string, string> = {
  title: 'incident.name',
  note: 'incident.note',
  name: 'incident.callerName',
  address: 'incident.address',
  result: 'cases.result',
  type: 'cases.type',
  grade: 'cases.grade',
}
/** A field of an incident as its form calls it. */
export const fieldName = (field: string): string => (FIELD_WORDS[field] ? t(FIELD_WORDS[field]) : field)
