/** Whose answer counts when a part of the screen is asked for again before the first answer came. Pure. */

interface Asked {
  turns: number
  answered: number
  about: string
}
const parts = new Map<string, Asked>()

export interface Turn {
  /** Whether nothing newer was answered and nobody asks about something else by now; notes that this one was. */
  counts(): boolean
  isLast(): boolean
}

export function takeTurn(part: string, about: string): Turn {
  const asked = parts.get(part) ?? { turns: 0, answered: 0, about }
  parts.set(part, asked)
  asked.about = about
  const turn = (asked.turns += 1)
  return {
    counts: () => {
      if (turn < asked.answered || about !== asked.about) return false
      asked.answered = turn
      return true
    },
    isLast: () => turn === asked.turns,
  }
}
