/** People of the address book, found while their key or name is typed. */
import { shallowRef } from 'vue'
import { duty as api, type DutyPerson } from '../api/duty'
import { may } from '../session/store'

export function usePeople() {
  const people = shallowRef<DutyPerson[]>([])
  let asked = 0

  /** A failed look-up leaves the field as it is: any key can still be typed. */
  async function search(text: string): Promise<void> {
    if (!may('duty.read')) return
    const turn = ++asked
    const found = await api.people(text).catch(() => null)
    if (found && turn === asked) people.value = found.filter((person) => !person.left)
  }
  return { people, search }
}
