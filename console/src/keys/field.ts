/**
 * Whether a key is meant for the field that has the focus. The browser takes the focus away from a field of a
 * closed dialog with the next picture only: a key before that is for the page.
 */
export function isTypedInto(target: EventTarget | null, fields: string): boolean {
  return target instanceof Element && target.matches(fields) && target.checkVisibility()
}

/** The name of a key as the tables of keys write it: a letter small, with Shift as `Shift+<letter>`. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'shiftKey'>): string {
  if (!/^[a-z]$/i.test(event.key)) return event.key
  const letter = event.key.toLowerCase()
  return event.shiftKey ? `Shift+${letter}` : letter
}
