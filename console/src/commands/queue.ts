/** Acts that follow one another: keys pressed into a call, the steps of an intercept. Pure. */

const ends = new Map<string, Promise<boolean>>()

/**
 * Do `act` after those of the same key that were asked for before. What waits behind one that fails is given up: it
 * was meant for what did not come about. Tells whether it was done.
 */
export async function afterwards(key: string, act: () => Promise<boolean>): Promise<boolean> {
  const before = ends.get(key)
  const mine = before ? before.then((done) => done && act()) : act()
  ends.set(key, mine)
  try {
    return await mine
  } finally {
    if (ends.get(key) === mine) ends.delete(key)
  }
}
