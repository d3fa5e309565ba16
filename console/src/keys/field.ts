/**
 * Whether a key is meant for the field that has the focus. The browser takes the focus away from a field of a
 * closed dialog with the next picture only: a key before that is for the page.
 */
export function isTypedInto(target: EventTarget | null, fields: string): boolean {
  return target instanceof Element && target.matches(fields) && target.checkVisibility()
}
