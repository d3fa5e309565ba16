/** Finding an extension by what was typed. Pure. */
import type { Extension } from '../api/types'

const LIMIT = 6

/** Digits, `+`, `*`, `#` and the signs that people write between them. */
export function looksLikeNumber(text: string): boolean {
  return /^[\d+*#\s().-]+$/.test(text.trim())
}

/** Extensions whose number begins with, or whose name contains, `text`; nothing for an empty text. */
export function found(extensions: readonly Extension[], text: string): Extension[] {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return []
  const fits = (entry: Extension) =>
    (entry.number.startsWith(wanted) && entry.number !== wanted) || entry.name.toLowerCase().includes(wanted)
  return extensions.filter(fits).slice(0, LIMIT)
}
