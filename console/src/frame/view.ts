/** Which page is open, and which beside it. The call desk is always one key away. */
import { computed, ref } from 'vue'
import { arrange } from './arrange'

export const VIEWS = [
  'desk',
  'conference',
  'sms',
  'trunks',
  'incidents',
  'map',
  'resources',
  'plans',
  'duty',
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
  incidents: 'incident.read',
  map: 'map.read',
  resources: 'resource.read',
  plans: 'plan.read',
  duty: 'duty.read',
  recordings: 'recording.listen',
  history: 'call.read',
  admin: 'directory.edit',
  audit: 'audit.read',
}

export const view = ref<View>('desk')
/** The page that was put to the side; this browser keeps it. */
export const side = ref<View | null>(null)
/** The own call with all its buttons over a page, where it stands as one line. */
export const unfolded = ref(false)
export const help = ref(false)
export const seatOpen = ref(false)
export const recentOpen = ref(false)

const width = ref(innerWidth)
addEventListener('resize', () => (width.value = innerWidth))
export const arrangement = computed(() => arrange(view.value, side.value, width.value))
/** Whether a second page has room on this screen. */
export const roomy = computed(() => arrange('desk', 'map', width.value).pages.length > 0)

const WALL = 'wall'
/** The view for the wall of the command room has an address of its own, and no way to act. */
export const onWall = ref(false)

const isView = (name: string | null): name is View => (VIEWS as readonly string[]).includes(name ?? '')

function read(): void {
  const name = location.hash.replace(/^#\/?/, '')
  onWall.value = name === WALL
  view.value = isView(name) ? name : 'desk'
}

const kept = localStorage.getItem('side')
side.value = isView(kept) ? kept : null
read()
addEventListener('hashchange', read)

export function show(name: View): void {
  // What stands beside is open already.
  if (name !== 'desk' && arrangement.value.pages.includes(name)) return
  view.value = name
  if (name === 'desk') unfolded.value = false
  const hash = name === 'desk' ? '#/' : `#/${name}`
  if (location.hash !== hash) location.hash = hash
}

function keepAside(name: View | null): void {
  side.value = name
  if (name) localStorage.setItem('side', name)
  else localStorage.removeItem('side')
}

/** Put the open page beside the own call, or take the one that stands there away. */
export function turnSide(): void {
  if (!roomy.value) return
  const open = view.value
  if (open === 'desk' || open === side.value) keepAside(null)
  else {
    keepAside(open)
    show('desk')
  }
}
