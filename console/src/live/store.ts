/** The one replicated picture: entity → id → value. Everything else on the screen is derived from it. */
import { reactive, shallowReactive } from 'vue'
import { serverNow } from '../api/http'
import type { ListReport, SmsCampaign } from '../api/sms'
import type { Trunk } from '../api/trunks'
import type { Notice, NoticePerson, Roll, Room, RoomMember, Speaker } from '../api/conferences'
import type { Alarm, Call, Extension, Incident, Millis, Task, Waiting } from '../api/types'
import type { Camp, IntercomRule, Night } from '../features/types'
import type { Intercept, Intrusion } from '../intercept/types'
import { applyChanges, applySnapshot, type LiveMaps, type Message } from './protocol'
import { LiveSocket } from './socket'

export const live: LiveMaps = {
  extension: shallowReactive(new Map<string, Extension>()),
  call: shallowReactive(new Map<string, Call>()),
  waiting: shallowReactive(new Map<string, Waiting>()),
  task: shallowReactive(new Map<string, Task>()),
  incident: shallowReactive(new Map<string, Incident>()),
  alarm: shallowReactive(new Map<string, Alarm>()),
  intercept: shallowReactive(new Map<string, Intercept>()),
  intrusion: shallowReactive(new Map<string, Intrusion>()),
  room: shallowReactive(new Map<string, Room>()),
  room_member: shallowReactive(new Map<string, RoomMember>()),
  roll: shallowReactive(new Map<string, Roll>()),
  notice: shallowReactive(new Map<string, Notice>()),
  room_speaker: shallowReactive(new Map<string, Speaker>()),
  camp: shallowReactive(new Map<string, Camp>()),
  night: shallowReactive(new Map<string, Night>()),
  intercom: shallowReactive(new Map<string, IntercomRule>()),
  notice_person: shallowReactive(new Map<string, NoticePerson>()),
  sms_campaign: shallowReactive(new Map<string, SmsCampaign>()),
  sms_list: shallowReactive(new Map<string, ListReport>()),
  sms_replies: shallowReactive(new Map<string, { heard: number }>()),
  trunk: shallowReactive(new Map<string, Trunk>()),
}

export type LinkState = 'connecting' | 'up' | 'down'

export const link = reactive({
  state: 'connecting' as LinkState,
  attempt: 0,
  /** When the picture was last known to be true. */
  pictureAt: null as Millis | null,
})

let seq = -1
let socket: LiveSocket | null = null
let whenRefused: () => void = () => undefined

function receive(message: Message): void {
  link.pictureAt = serverNow()
  if (message.type === 'ping' || message.type === 'error') return
  if (message.type === 'snapshot') applySnapshot(live, message)
  else if (message.seq > seq + 1 && seq >= 0) {
    // A change is missing: what we show may be wrong, and a new connection begins with a snapshot.
    seq = -1
    socket?.restart()
    return
  } else applyChanges(live, message.changes)
  seq = message.seq
  link.state = 'up'
}

function closed(attempt: number, code: number): void {
  seq = -1
  link.state = 'down'
  link.attempt = attempt
  // 4401 signed out, 4403 not allowed: connecting again cannot help.
  if (code === 4401 || code === 4403) whenRefused()
}

export function startLive(refused: () => void): void {
  stopLive()
  whenRefused = refused
  link.state = 'connecting'
  link.attempt = 0
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  socket = new LiveSocket(`${scheme}://${location.host}/api/live`, {
    message: receive,
    closed,
    open: () => undefined,
  })
  socket.start()
}

export function stopLive(): void {
  socket?.stop()
  socket = null
  seq = -1
  link.pictureAt = null
  for (const map of Object.values(live)) map.clear()
}
