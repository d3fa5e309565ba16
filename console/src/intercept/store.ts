/** The intercepts of the own desk, the requests that wait, who else is in which call. */
import { computed, shallowRef, watch } from 'vue'
import { own as ownCalls } from '../call/store'
import { link, live } from '../live/store'
import { desk, may, me, ownExtension } from '../session/store'
import { intercepts } from './api'
import { runningOf, waitingOf } from './model'
import type { Intercept } from './types'

const PERIOD = 700
/** What the server says of the own ones to a dispatcher, who may not see those of others. */
const asked = shallowRef<Intercept[]>([])
let timer: ReturnType<typeof setTimeout> | undefined
/** Counts what was learned, so that an answer that was under way before it is passed over. */
let learned = 0

const seesAll = computed(() => may('intercept.read'))
const mine = (session: Intercept) =>
  session.login === me.value?.login || (desk.value !== null && session.desk === desk.value)

export const own = computed(() => (seesAll.value ? [...live.intercept.values()].filter(mine) : asked.value))
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

/** Take what the server has just answered, before the picture tells it. */
export function learn(session: Intercept): void {
  if (seesAll.value) return
  learned += 1
  const others = asked.value.filter((one) => one.id !== session.id)
  asked.value = session.stage === 'ended' ? others : [...others, session]
  schedule()
}

function schedule(): void {
  clearTimeout(timer)
  timer = setTimeout(() => void look(), PERIOD)
}

/** Dispatchers get no picture of intercepts: the console asks for the own ones while there are any. */
export async function look(): Promise<void> {
  clearTimeout(timer)
  if (!me.value || seesAll.value || !may('intercept.use')) {
    asked.value = []
    return
  }
  try {
    const before = learned
    const answer = await intercepts.own()
    if (before === learned) asked.value = answer.intercepts
  } catch {
    // The link tells what is wrong; the next look comes by itself.
  }
  if (asked.value.length || link.state !== 'up') schedule()
}

// A phone code begins an intercept too: then the own desk talks in a call that nobody sees.
watch([() => me.value?.login, () => ownExtension.value?.state, () => link.state], () => void look(), {
  immediate: true,
})

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
