/** Whose answer counts when the same is asked again before the first answer came. Pure. */

const turns = new Map<string, number>()

/** Take a turn at a part of the screen; what is returned tells whether it is still the last one. */
export function takeTurn(part: string): () => boolean {
  const turn = (turns.get(part) ?? 0) + 1
  turns.set(part, turn)
  return () => turns.get(part) === turn
}
