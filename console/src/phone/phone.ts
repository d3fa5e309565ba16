/** The browser phone: one JsSIP user agent that registers while somebody sits at the desk. */
import JsSIP from 'jssip'
import type { UA } from 'jssip'
import type { IncomingRTCSessionEvent, RTCSessionEvent } from 'jssip/lib/UA'
import { computed, ref, watch } from 'vue'
import type { PhoneConfig } from '../api/types'
import { socketUrl, wantsAutoAnswer } from './decide'
import { phoneLock, releasePhone, takePhone } from './lock'
import { closeMicrophone, openMicrophone } from './microphone'
import { chime, ring } from './ringer'
import { answerSession, sessions, track } from './session'

export type PhoneState = 'off' | 'connecting' | 'registered' | 'lost' | 'refused' | 'other-tab'

export const phoneState = ref<PhoneState>('off')
export const phoneExtension = ref<string | null>(null)

const RETRY = 5000
let agent: UA | null = null

export const ringingSession = computed(() => {
  for (const session of sessions.values()) if (session.state === 'ringing') return session
  return null
})

// A second call at a desk that talks only chimes: ringing in the ear would mask the caller.
const talking = computed(() => [...sessions.values()].some((session) => session.state !== 'ringing'))
watch([ringingSession, talking], ([session, busy], [before]) => {
  ring(session !== null && !busy)
  if (session && busy && session !== before) chime()
})

function incoming({ session, request }: IncomingRTCSessionEvent): void {
  const auto = wantsAutoAnswer((name) => request.getHeader(name))
  track(session, auto)
  if (auto) void answerSession(session.id)
}

function follow(ua: UA): void {
  /** An agent that was stopped still tells of its end; that is no news of the present one. */
  const show = (state: PhoneState): void => {
    if (agent === ua) phoneState.value = state
  }
  ua.on('registered', () => show('registered'))
  ua.on('unregistered', () => show('lost'))
  ua.on('registrationFailed', ({ response }) => {
    show(response ? 'refused' : 'lost')
    // A refused account is tried again too: its secret may just have been changed.
    setTimeout(() => agent === ua && ua.register(), RETRY)
  })
  ua.on('disconnected', () => show('lost'))
  ua.on('newRTCSession', (event: RTCSessionEvent) => {
    if (event.originator === 'remote') incoming(event as IncomingRTCSessionEvent)
    else track(event.session, true)
  })
}

function build(config: PhoneConfig): UA {
  return new JsSIP.UA({
    sockets: new JsSIP.WebSocketInterface(socketUrl(config, location)),
    uri: config.uri,
    authorization_user: config.username,
    password: config.password,
    register: true,
    register_expires: 120,
    session_timers: false,
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 5,
    user_agent: 'softswitch-console',
  })
}

/** Counts starts and stops, so that one that waited finds out that it was overtaken. */
let turn = 0

/** Start the phone of a desk. `take` takes it from another tab of this browser. */
export async function startPhone(config: PhoneConfig, take = false): Promise<void> {
  if (phoneExtension.value === config.extension && phoneLock.value === 'own' && agent) return
  const mine = ++turn
  stopAgent()
  phoneExtension.value = config.extension
  phoneState.value = 'connecting'
  const owner = await takePhone(take, stopAgent)
  if (mine !== turn) return
  if (!owner) {
    phoneState.value = 'other-tab'
    return
  }
  void openMicrophone()
  agent = build(config)
  follow(agent)
  agent.start()
}

function stopAgent(): void {
  agent?.stop()
  agent = null
  sessions.clear()
  phoneState.value = phoneLock.value === 'other' ? 'other-tab' : 'off'
  closeMicrophone()
}

export function stopPhone(): void {
  turn += 1
  releasePhone()
  stopAgent()
  phoneState.value = 'off'
  phoneExtension.value = null
}

/** Dial without the server: the switch carries the call by its dialplan alone. */
export async function dialDirectly(number: string): Promise<boolean> {
  if (!agent || phoneState.value !== 'registered') return false
  const stream = await openMicrophone()
  if (!stream) return false
  agent.call(number, { mediaStream: stream, pcConfig: { iceServers: [] } })
  return true
}

JsSIP.debug.disable()
