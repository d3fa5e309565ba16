/** What the map page shows: which layers, what was drawn, what was found. Kept while another page is open. */
import { computed, reactive, ref } from 'vue'
import { ApiError } from '../api/http'
import { groups } from '../api/conferences'
import { map, THING_KINDS, type Area, type Inside, type Loaded, type Thing, type ThingKind } from '../api/map'
import { notify } from '../commands/notices'
import { latest, run, worded } from '../commands/run'
import { show } from '../frame/view'
import { t } from '../i18n'
import { live } from '../live/store'

export const shown = reactive(new Set<ThingKind>(THING_KINDS))
export const area = ref<Area | null>(null)
export const found = ref<Inside | null>(null)
export const near = ref<Thing[]>([])
export const chosen = ref<Thing | null>(null)
export const filter = reactive({ free: true, rested: true, fresh: true })
/** Where the map is to go when it is open. */
export const wanted = ref<{ lon: number; lat: number } | null>(null)
/** The call whose caller is to be placed by the next click. */
export const placing = ref<string | null>(null)

export const kinds = computed(() => THING_KINDS.filter((kind) => shown.has(kind)))
export const callers = computed(() => (shown.has('caller') ? [...live.location.values()] : []))

/** Seconds: a tracker that was silent for longer tells where a unit was, not where it is. */
const FRESH = 600

/** Open the map, or bring the open one, to a place. */
export function lookAt(place: { lon: number; lat: number }): void {
  wanted.value = { ...place }
  show('map')
}

export async function ask(wanted: Area): Promise<void> {
  area.value = wanted
  found.value = null // what was in another area is nobody to call now
  const answer = await latest('map:inside', () => map.inside(wanted, kinds.value), {
    about: JSON.stringify(wanted),
  })
  if (answer) found.value = answer
}

export function forget(): void {
  area.value = found.value = null
}

/** Call everybody inside: the numbers that the server named, at most as many as a group call takes. */
export async function callAll(name: string): Promise<void> {
  const numbers = found.value?.numbers ?? []
  const call = { groups: [], numbers, name, auto_answer: false, lecture: false, recording: true }
  const answer = await run('map:call', () => groups.call(call))
  if (answer) notify('info', t('map.called', { n: answer.invited.length }))
}

export async function message(text: string): Promise<boolean> {
  const where = area.value
  if (!where) return false
  const done = await run('map:message', () => map.message(where, [...kinds.value, 'number'], text))
  if (done)
    notify('info', t(done.state === 'approval' ? 'map.mustApprove' : 'map.messaged', { n: done.people }))
  return Boolean(done)
}

export async function nearestTo(lon: number, lat: number): Promise<void> {
  const wanted = {
    statuses: filter.free ? ['free'] : [],
    rested: filter.rested,
    oldest_seconds: filter.fresh ? FRESH : null,
    count: 5,
  }
  const answer = await latest('map:nearest', () => map.nearest(lon, lat, wanted), { about: `${lon} ${lat}` })
  if (answer) near.value = answer.nearest
}

export async function place(lon: number, lat: number, uncertainty: number): Promise<void> {
  const callId = placing.value
  if (!callId) return
  placing.value = null
  const number = live.call.get(callId)?.caller.number ?? ''
  const done = await run('map:locate', () => map.locate(callId, lon, lat, uncertainty, number))
  if (done) notify('info', t('map.placed'))
}

/** What became of an import, or why there was none: in words, so that both stand in one place. */
export async function load(file: File, coordinates: string): Promise<Loaded | string> {
  try {
    return await map.upload(file, file.name.replace(/\.[^.]+$/, ''), coordinates)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return worded(error).join(' ')
  }
}
