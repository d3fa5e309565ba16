/** Lists in a text field. Pure. */

/** The words of a field, with commas or spaces between them, Chinese ones too. */
export function wordsOf(text: string): string[] {
  return text
    .split(/[,，、\s]+/)
    .map((word) => word.trim())
    .filter(Boolean)
}

export const words = (event: Event): string[] => wordsOf((event.target as HTMLInputElement).value)

/** The keys that a text means: itself when it is known, else its parts between commas. A key may hold spaces. */
export function keysOf(text: string, known: readonly { key: string }[]): string[] {
  const whole = text.trim()
  if (known.some(({ key }) => key === whole)) return [whole]
  const parts = whole.split(/[,，、]/)
  return parts.map((part) => part.trim()).filter(Boolean)
}

/** A list with more behind it, each once. */
export const joined = (list: readonly string[], more: readonly string[]): string[] => [
  ...new Set([...list, ...more]),
]
