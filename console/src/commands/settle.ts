/** Fields after their content was taken: what somebody typed while the answer was on its way stays. */

const text = (value: unknown): string => JSON.stringify(value) ?? ''

/** What a form holds at the moment at which it is sent. */
export function copyOf<T>(form: T): T {
  return JSON.parse(text(form)) as T
}

/** Put `fresh` into the fields that still hold what was sent. True when that is all of them. */
export function settle<T extends object>(form: T, sent: T, fresh: Partial<T>): boolean {
  let all = true
  for (const name of Object.keys(fresh) as (keyof T)[])
    if (text(form[name]) === text(sent[name])) form[name] = fresh[name] as T[keyof T]
    else all = false
  return all
}

/** Empty a field whose text was taken. */
export function empty(field: { value: string }, sent: string): void {
  if (field.value === sent) field.value = ''
}
