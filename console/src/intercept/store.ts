/** The intercepts of the own desk, the requests that wait, who else is in which call. */
import { computed, watch } from 'vue'
import { own as ownCalls } from '../call/store'
import { live } from '../live/store'
import { desk, may, me } from '../session/store'
import { runningOf, waitingOf } from './model'
import type { Intercept } from './types'

const seesAll = computed(() => may('intercept.read'))
const mine = (session: Intercept) =>
  session.login === me.value?.login || (desk.value !== null && session.desk === desk.value)

/** The server shows everybody his own; those of others only to who may see them. */
export const own = computed(() => [...live.intercept.values()].filter(mine))
export const running = computed(() => runningOf(own.value))
/** Requests of the own that wait for a second person. */
export const ownWaiting = computed(() => waitingOf(own.value))
/** Requests of others that may be confirmed here. */
export const toConfirm = computed(() =>
  may('intercept.confirm')
    ? waitingOf([...live.intercept.values()].filter((session) => session.login !== me.value?.login))
    : [],
)

/** Those of others who are in a call now; nobody without the right to see it. */
export function othersIn(callId: string | null): Intercept[] {
  if (!callId || !seesAll.value) return []
  return [...live.intercept.values()].filter(
    (session) => session.call_id === callId && session.stage !== 'pending' && !mine(session),
  )
}

export const intrusionsIn = (callId: string | null) =>
  [...live.intrusion.values()].filter(
    (entry) => entry.call_id === callId && entry.stage !== 'done' && entry.desk !== desk.value,
  )

/** Calls that were at this desk a moment ago: what ended them is told after they are gone. */
const remembered = new Set<string>()
const MEMORY = 15_000
watch(ownCalls, (_, before) => {
  for (const { callId } of before ?? []) {
    if (!callId || remembered.has(callId)) continue
    remembered.add(callId)
    setTimeout(() => remembered.delete(callId), MEMORY)
  }
})
export const wasOwn = (callId: string) =>
  remembered.has(callId) || ownCalls.value.some((call) => call.callId === callId)
