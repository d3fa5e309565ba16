/** One SIP session of the browser phone: its state for the screen, and its sound. */
import type { RTCSession } from 'jssip/lib/RTCSession'
import { shallowReactive } from 'vue'
import { serverNow } from '../api/http'
import type { Millis } from '../api/types'
import { reachable } from './decide'
import { openMicrophone } from './microphone'

export interface PhoneSession {
  id: string
  direction: 'in' | 'out'
  state: 'ringing' | 'connecting' | 'talking'
  autoAnswered: boolean
  number: string
  name: string | null
  since: Millis
  muted: boolean
  rtc: RTCSession
  audio: HTMLAudioElement
}

/** All that is up on the browser phone, by session id. */
export const sessions = shallowReactive(new Map<string, PhoneSession>())

/** Sessions are replaced, not changed in place, so that everything derived from them follows. */
function update(id: string, change: Partial<PhoneSession>): void {
  const before = sessions.get(id)
  if (before) sessions.set(id, { ...before, ...change })
}

function playRemote(audio: HTMLAudioElement, connection: RTCPeerConnection): void {
  connection.addEventListener('track', (event) => {
    audio.srcObject = event.streams[0] ?? new MediaStream([event.track])
    void audio.play().catch(() => undefined)
  })
}

/** The first address that the switch can send to is enough on a local network. */
function skipGathering(rtc: RTCSession): void {
  rtc.on('icecandidate', ({ candidate, ready }) => {
    if (reachable(candidate.candidate)) ready()
  })
}

function begin(rtc: RTCSession, autoAnswered: boolean): PhoneSession {
  const identity = rtc.remote_identity
  const audio = new Audio()
  audio.autoplay = true
  return {
    id: rtc.id,
    direction: rtc.direction === 'incoming' ? 'in' : 'out',
    state: autoAnswered || rtc.direction === 'outgoing' ? 'connecting' : 'ringing',
    autoAnswered,
    number: identity.uri.user,
    name: identity.display_name || null,
    since: serverNow(),
    muted: false,
    rtc,
    audio,
  }
}

function finish(id: string): void {
  const session = sessions.get(id)
  if (!session) return
  session.audio.srcObject = null
  sessions.delete(id)
}

/** Follow a session from its first message to its end. */
export function track(rtc: RTCSession, autoAnswered: boolean): void {
  const session = begin(rtc, autoAnswered)
  sessions.set(session.id, session)
  skipGathering(rtc)
  if (rtc.connection) playRemote(session.audio, rtc.connection)
  rtc.on('peerconnection', ({ peerconnection }) => playRemote(session.audio, peerconnection))
  rtc.on('accepted', () => update(session.id, { state: 'talking', since: serverNow() }))
  rtc.on('ended', () => finish(session.id))
  rtc.on('failed', () => finish(session.id))
}

/** Answer a ringing session. Without a microphone the dispatcher at least hears. */
export async function answerSession(id: string): Promise<void> {
  const session = sessions.get(id)
  if (!session || session.rtc.isEstablished() || session.rtc.isEnded()) return
  update(id, { state: 'connecting' })
  const stream = await openMicrophone()
  if (session.rtc.isEnded()) return
  session.rtc.answer({
    ...(stream ? { mediaStream: stream } : { mediaConstraints: { audio: false, video: false } }),
    pcConfig: { iceServers: [] },
  })
}

export function endSession(id: string): void {
  const session = sessions.get(id)
  if (session && !session.rtc.isEnded()) session.rtc.terminate()
}

/** Keep the own voice back, or let it through again. */
export function muteSession(id: string, muted: boolean): void {
  const session = sessions.get(id)
  if (!session) return
  if (muted) session.rtc.mute({ audio: true })
  else session.rtc.unmute({ audio: true })
  update(id, { muted })
}
