/** From rows to forms and back. Pure. */
import type { Values } from '../../api/admin'
import type { Field } from './tables'

/** The form for a new row, or for the row that is being changed. */
export function formOf(fields: readonly Field[], row: Values | null): Values {
  const shown = fields.filter((field) => field.only !== 'table')
  return Object.fromEntries(shown.map((field) => [field.name, valueOf(field, row)]))
}

function valueOf(field: Field, row: Values | null): unknown {
  const value = row ? row[field.name] : field.initial
  if (field.kind === 'tags') return [...((value as string[] | undefined) ?? [])]
  if (field.kind === 'number' || field.kind === 'switch') return value ?? field.initial ?? null
  return value ?? ''
}

function sent(field: Field, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  return text === '' && field.nullable ? null : text
}

/** What to send: everything of a new row; of a changed one only what differs. Empty passwords are left out. */
export function bodyOf(fields: readonly Field[], form: Values, row: Values | null): Values {
  const body: Values = {}
  for (const field of fields) {
    if (!(field.name in form) || (row && field.fixed)) continue
    const value = sent(field, form[field.name])
    if (field.kind === 'password' && value === '') continue
    if (!row && value === undefined) continue
    if (row && JSON.stringify(value) === JSON.stringify(sent(field, valueOf(field, row)))) continue
    body[field.name] = value
  }
  return body
}
