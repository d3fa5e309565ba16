/** What is open on the page of conferences; it stays while other pages are looked at. */
import { ref, shallowRef } from 'vue'
import { groups, type Group } from '../api/conferences'
import { latest } from '../commands/run'
import { wordFor } from '../i18n'
import { live } from '../live/store'

export const TABS = ['rooms', 'rolls', 'notices', 'groups'] as const
export type Tab = (typeof TABS)[number]
export const tab = ref<Tab>('rooms')

/** What stands on the right: a thing by its id, a form, or nothing. */
export const shown = {
  rooms: ref<string | null>(null),
  rolls: ref<string | null>(null),
  notices: ref<string | null>(null),
  groups: ref<string | null>(null),
}
export const FORM = {
  room: '+room',
  call: '+call',
  past: '+past',
  roll: '+roll',
  hunt: '+hunt',
  notice: '+notice',
  group: '+group',
}

export function openRoom(id: string): void {
  tab.value = 'rooms'
  shown.rooms.value = id
}

export const groupList = shallowRef<Group[]>([])
export async function loadGroups(): Promise<void> {
  groupList.value = (await latest('groups', groups.all)) ?? groupList.value
}

/** Who a number is: an extension, else a member of a group. */
export function nameOf(number: string): string {
  const extension = live.extension.get(number)?.name
  if (extension) return extension
  for (const group of groupList.value) {
    const found = group.members.find((member) => member.number === number)
    if (found?.name) return found.name
  }
  return ''
}

/** Why somebody was not reached, in words. */
export const whyText = (why: string): string =>
  wordFor(why, 'conference.roll.why', 'conference.notice.why', 'conference.member')
