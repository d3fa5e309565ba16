/** Whom the dispatcher talks with goes on hold when another call comes to the ear: neither hears the other's. */
import { calls } from '../api/client'
import { run } from '../commands/run'
import { running } from '../intercept/store'
import { inRoom, own } from './store'

/** A conference, and a call that is listened in to, stay as they are. */
const talkedOn = (): string[] =>
  inRoom.value || running.value
    ? []
    : own.value.flatMap(({ callId, state }) => (callId && state === 'talking' ? [callId] : []))

/** Do what brings another call to this desk, then hold those that were talked on. Nothing delays the other call. */
export async function holding(key: string, act: () => Promise<unknown>): Promise<boolean> {
  const before = talkedOn()
  const done = await run(key, async () => {
    await act()
    return true
  })
  if (!done) return false
  for (const id of talkedOn().filter((each) => before.includes(each)))
    void run(`hold:${id}`, () => calls.hold(id))
  return true
}
