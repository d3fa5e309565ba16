/** Lists come bare, or under their name beside other facts; either way, this is the list. */
export function listOf<T>(answer: unknown): T[] {
  if (Array.isArray(answer)) return answer as T[]
  if (answer === null || typeof answer !== 'object') return []
  return (Object.values(answer).find(Array.isArray) ?? []) as T[]
}
