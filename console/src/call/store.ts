/** The own calls as the screen shows them, and which of them is in hand. */
import { computed, reactive, ref, watch } from 'vue'
import { nextWaiting, openTasks, parkedCalls, queueOrder } from '../live/derive'
import { link, live } from '../live/store'
import { sessions } from '../phone/session'
import { desk } from '../session/store'
import { roomOf } from '../conference/derive'
import { ownView } from './own'

const matched = reactive(new Set<string>())

export const queue = computed(() => queueOrder(live.waiting.values()))
export const next = computed(() => nextWaiting(queue.value, desk.value))
export const tasks = computed(() => openTasks(live.task.values()))
export const parked = computed(() => parkedCalls(live.call.values()))

/** The conference that the own desk is in: its call has no other side, so the room stands there. */
const room = computed(() => roomOf(live.room_member.values(), live.room, desk.value))
export const inRoom = computed(() => room.value !== undefined)

export const own = computed(() =>
  ownView({
    desk: desk.value,
    linkUp: link.state === 'up',
    calls: live.call.values(),
    waiting: live.waiting,
    incidents: live.incident.values(),
    sessions: [...sessions.values()],
    matched,
  }).map((call) =>
    call.number || !room.value ? call : { ...call, number: room.value.number, name: room.value.name },
  ),
)

watch(own, (calls) => {
  for (const call of calls) if (call.callId && call.sessionId) matched.add(call.sessionId)
  // While the picture is old, a session that has ended is the only proof that its call has.
  if (link.state !== 'up') return
  for (const id of matched) if (!sessions.has(id)) matched.delete(id)
})

const chosen = ref<string | null>(null)
const key = (call: { callId: string | null; sessionId: string | null }) => call.callId ?? call.sessionId

/** The call in hand: the chosen one while it is there, else the most urgent. */
export const current = computed(
  () => own.value.find((call) => key(call) === chosen.value) ?? own.value[0] ?? null,
)
export const others = computed(() => own.value.filter((call) => call !== current.value))

export function choose(call: { callId: string | null; sessionId: string | null }): void {
  chosen.value = key(call)
}

// A chosen call that ends must not be chosen again when its id comes back in another part.
watch(own, (calls) => {
  if (!calls.some((call) => key(call) === chosen.value)) chosen.value = null
})

export const muted = computed(() => [...sessions.values()].some((session) => session.muted))
