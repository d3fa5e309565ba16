/** Which page is open. The call desk is always one key away. */
import { ref } from 'vue'

export const VIEWS = [
  'desk',
  'conference',
  'sms',
  'trunks',
  'recordings',
  'history',
  'admin',
  'audit',
] as const
export type View = (typeof VIEWS)[number]

/** The right that each page needs. */
export const NEEDS: Record<View, string> = {
  desk: 'board.read',
  conference: 'conference.read',
  sms: 'sms.read',
  trunks: 'trunk.read',
  recordings: 'recording.listen',
  history: 'call.read',
  admin: 'directory.edit',
  audit: 'audit.read',
}

export const view = ref<View>('desk')
export const help = ref(false)
export const seatOpen = ref(false)
export const recentOpen = ref(false)

function fromHash(): View {
  const name = location.hash.replace(/^#\/?/, '')
  return (VIEWS as readonly string[]).includes(name) ? (name as View) : 'desk'
}

view.value = fromHash()
addEventListener('hashchange', () => (view.value = fromHash()))

export function show(name: View): void {
  view.value = name
  const hash = name === 'desk' ? '#/' : `#/${name}`
  if (location.hash !== hash) location.hash = hash
}
