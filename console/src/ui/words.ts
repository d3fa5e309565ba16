/** Lists in a text field. Pure. */

/** The words of a field, with commas or spaces between them, Chinese ones too. */
export function wordsOf(text: string): string[] {
  return text
    .split(/[,，、\s]+/)
    .map((word) => word.trim())
    .filter(Boolean)
}

export const words = (event: Event): string[] => wordsOf((event.target as HTMLInputElement).value)
