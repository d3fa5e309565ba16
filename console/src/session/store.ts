/** Who is signed in, where they sit, and what follows from it: the picture, the phone, the small tables. */
import { computed, reactive, shallowRef, watch } from 'vue'
import { desk as deskApi, session as api } from '../api/client'
import { ApiError, onSignedOut } from '../api/http'
import type { Duty, EmergencyNumber, Me, SpeedDial } from '../api/types'
import { latest, quietly, showError } from '../commands/run'
import { onWall } from '../frame/view'
import { setLanguage } from '../i18n'
import { link, live, startLive, stopLive } from '../live/store'
import { phoneState, startPhone, stopPhone } from '../phone/phone'

export const me = shallowRef<Me | null>(null)
export const session = reactive({ booting: true, unreachable: false })
export const speedDials = shallowRef<SpeedDial[]>([])
export const emergencyNumbers = shallowRef<EmergencyNumber[]>([])

export const desk = computed(() => me.value?.desk ?? null)
export const ownExtension = computed(() => (desk.value ? (live.extension.get(desk.value) ?? null) : null))
export const duty = computed<Duty>(() => ownExtension.value?.duty ?? 'off')
/** A display, not a person: it comes to the wall wherever it signs in. */
export const isWall = computed(() => me.value?.role === 'wall')
export const may = (right: string): boolean => me.value?.rights.includes(right) ?? false

/** Load what changes seldom. A part that fails leaves the rest in place. */
export async function loadTables(): Promise<void> {
  const about = desk.value ?? ''
  const dials = () => (about ? deskApi.speedDials() : Promise.resolve([]))
  await Promise.all([
    latest('speed-dial-rows', dials, { about, ...quietly }).then((rows) => {
      speedDials.value = rows ?? speedDials.value
    }),
    latest('emergency-numbers', deskApi.emergencyNumbers, quietly).then((rows) => {
      emergencyNumbers.value = rows ?? emergencyNumbers.value
    }),
  ])
}

async function connectPhone(take = false): Promise<void> {
  // A wall rings at nobody's desk; a phone that is in use when somebody turns to the wall stays.
  if (onWall.value) return
  const about = desk.value
  if (!about) {
    stopPhone()
    return
  }
  const tell = (error: unknown) => {
    // A desk may have a SIP telephone only: then nothing is wrong.
    if (error instanceof ApiError && error.code === 'no_browser_phone') stopPhone()
    else showError(error)
  }
  const phone = await latest('phone', api.phone, { about, tell })
  if (phone && about === desk.value) await startPhone(phone, take).catch(showError)
}

export const takePhoneHere = (): Promise<void> => connectPhone(true)

/** What a desk works with comes by itself: nobody waits for it with the keys in his hands. */
function beginWork(): void {
  void loadTables()
  void connectPhone()
}

function enter(value: Me): void {
  me.value = value
  setLanguage(value.language)
  startLive(leave)
  beginWork()
}

/** Forget everything of the person who was signed in. */
function leave(): void {
  me.value = null
  speedDials.value = []
  stopPhone()
  stopLive()
}

/** On opening the page: go on with the session that the browser still holds, if any. */
export async function resume(): Promise<void> {
  try {
    enter(await api.me())
    session.unreachable = false
  } catch (error) {
    session.unreachable = error instanceof ApiError && error.unreachable
    if (session.unreachable) setTimeout(() => void resume(), 2000)
  } finally {
    session.booting = false
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  await api.login(login, password)
  enter(await api.me())
}

export async function signOut(): Promise<void> {
  try {
    await api.logout()
  } finally {
    leave()
  }
}

/** Sit down at a desk, change the duty there, or (with `null`) get up. */
export async function takeSeat(extension: string | null, state: Duty): Promise<void> {
  const before = desk.value
  await api.seat(extension, state)
  me.value = await api.me()
  if (before !== me.value.desk) beginWork()
}

onSignedOut(leave)

watch(onWall, (wall) => {
  if (!wall && me.value && phoneState.value === 'off') void connectPhone()
})

// After a cut the server may be another one: what it says of seat, tables and phone counts.
watch(
  () => link.state,
  async (state, before) => {
    if (state !== 'up' || before !== 'down' || !me.value) return
    try {
      me.value = await api.me()
      beginWork()
    } catch (error) {
      showError(error)
    }
  },
)
