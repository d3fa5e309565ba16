/** Night service, camp-on and intercom as the dispatcher uses them; each is one command to the server. */
import { computed, ref } from 'vue'
import { notify } from '../commands/notices'
import { run } from '../commands/run'
import { t } from '../i18n'
import { live } from '../live/store'
import { desk, may } from '../session/store'
import { features } from './api'
import { campsOf, isBusy, tileOffers } from './model'
import type { Camp, NightMode } from './types'

export const night = computed(() => live.night.get('night') ?? null)
export const ownCamps = computed(() => campsOf(live.camp.values(), desk.value))
export const nightOpen = ref(false)
export const answersIntercom = (extension: string): boolean => live.intercom.has(extension)

export const switchNight = (mode: NightMode) => run('night', () => features.nightMode(mode))

function ready(): boolean {
  if (!may('call.dial')) notify('error', t('features.noRight'))
  else if (!desk.value) notify('error', t('seat.none'), t('seat.noneNext'))
  else return true
  return false
}

/** Be called when a busy extension is free. */
export async function campOn(target: string): Promise<void> {
  if (!ready()) return
  const camp = await run(`camp:${target}`, () => features.camp(target))
  if (camp) notify('info', t('features.camp.begun', { number: target, place: camp.place ?? 1 }))
}

export const cancelCamp = (camp: Camp) => run(`camp:${camp.target}`, () => features.cancelCamp(camp.id))

/** Speak to an extension whose phone answers by itself. */
export async function intercomTo(extension: string): Promise<void> {
  if (ready()) await run(`intercom:${extension}`, () => features.intercom(extension))
}

/** After a failed dial: say so, with the way on in the same line. */
export function offerCamp(number: string): void {
  const waits = ownCamps.value.some((camp) => camp.target === number)
  if (waits || !isBusy(live.extension.get(number))) return
  lastBusy.value = number
  notify('error', t('features.camp.busy', { number }), '', 20, {
    label: t('features.camp.askKey'),
    act: () => void campOn(number),
  })
}

/** The extension that was busy when it was dialled last: the key means it when no tile is marked. */
const lastBusy = ref<string | null>(null)

function markedExtension(): string | null {
  return document.activeElement?.closest<HTMLElement>('[data-extension]')?.dataset.extension ?? null
}

/** The key of camp-on: on a tile it asks or cancels, else it means the number that was just busy. */
export function campMarked(): void {
  const number = markedExtension() ?? lastBusy.value
  const entry = number === null ? undefined : live.extension.get(number)
  if (!entry) {
    notify('info', t('features.camp.mark'))
    return
  }
  const offers = tileOffers(entry, desk.value, live.camp.values(), answersIntercom)
  const own = ownCamps.value.find((camp) => camp.target === entry.number)
  if (own) void cancelCamp(own)
  else if (offers.camp === 'ask') void campOn(entry.number)
  else notify('info', t('features.camp.notBusy', { number: entry.number }))
}

/** The key of intercom, on a tile. */
export function intercomMarked(): void {
  const number = markedExtension()
  if (number === null || number === desk.value) notify('info', t('features.intercom.mark'))
  else if (!answersIntercom(number)) notify('info', t('features.intercom.forbidden', { number }))
  else void intercomTo(number)
}
