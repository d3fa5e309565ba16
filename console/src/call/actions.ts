/** What the dispatcher can do with calls; each is one command to the server, with the phone as the way out. */
import { calls } from '../api/client'
import { ApiError } from '../api/http'
import { notify } from '../commands/notices'
import { inTurn, run } from '../commands/run'
import { t } from '../i18n'
import { dialedCall } from '../live/derive'
import { link, live } from '../live/store'
import { dialDirectly, ringingSession } from '../phone/phone'
import { answerSession, endSession, muteSession, sessions } from '../phone/session'
import { desk, takeSeat } from '../session/store'
import type { Duty } from '../api/types'
import { offerCamp } from '../features/actions'
import { isBusy } from '../features/model'
import { holding } from './hold'
import { mode } from './mode'
import type { OwnCall } from './own'
import { current, muted, next, own } from './store'

function needDesk(): boolean {
  if (desk.value) return true
  notify('error', t('seat.none'), t('seat.noneNext'))
  return false
}

/** Take one call out of the queue, or answer it when it rings at this desk already. */
export async function take(callId: string): Promise<void> {
  if (!needDesk()) return
  const mine = own.value.find((call) => call.callId === callId)
  if (mine?.sessionId && sessions.get(mine.sessionId)?.state === 'ringing') {
    await holding(`take:${callId}`, () => answerSession(mine.sessionId as string))
  } else await holding(`take:${callId}`, () => calls.answer(callId))
}

/** The one key of the worst hour: what rings here, else the offered call, else the head of the queue. */
export async function takeNext(): Promise<void> {
  const session = ringingSession.value
  if (session) {
    await holding(`session:${session.id}`, () => answerSession(session.id))
    return
  }
  const ringing = own.value.find((call) => call.state === 'ringing' && call.callId)
  const callId = ringing?.callId ?? next.value?.call_id
  if (callId) await take(callId)
  else notify('info', t('queue.empty'))
}

/** Hang up on the server; when it does not answer, the phone hangs up by itself. */
export async function hangUp(call: OwnCall | null = current.value): Promise<void> {
  if (!call) return
  const { callId, sessionId } = call
  await run(`hangup:${callId ?? sessionId}`, async () => {
    if (!callId) return sessionId ? endSession(sessionId) : undefined
    try {
      await calls.hangup(callId)
    } catch (error) {
      if (!(error instanceof ApiError && error.unreachable && sessionId)) throw error
      endSession(sessionId)
    }
  })
}

/** Two commands under two keys: the picture may change before the answer comes, and the next press must count. */
export const holdCommand = (call: OwnCall | null): string =>
  `${call?.state === 'held' ? 'resume' : 'hold'}:${call?.callId ?? ''}`

export async function toggleHold(call: OwnCall | null = current.value): Promise<void> {
  if (!call?.callId) return
  const id = call.callId
  if (call.state === 'held') await holding(holdCommand(call), () => calls.resume(id))
  else await run(holdCommand(call), () => calls.hold(id))
}

export async function park(call: OwnCall | null = current.value): Promise<boolean> {
  const id = call?.callId
  if (!id) return false
  const done = await run(`park:${id}`, async () => {
    await calls.park(id)
    return true
  })
  return done === true
}

export const retrieve = (id: string) => holding(`retrieve:${id}`, () => calls.retrieve(id))
export const pickup = (id: string) => needDesk() && holding(`pickup:${id}`, () => calls.pickup(id))
export const takeover = (id: string) => needDesk() && holding(`takeover:${id}`, () => calls.takeover(id))
export const hangUpOther = (id: string) => run(`hangup:${id}`, () => calls.hangup(id))
export const prioritise = (id: string, rank: number) => run(`rank:${id}`, () => calls.priority(id, rank))

/** Dial. Without the server the switch still carries the call, so the phone dials itself. */
export async function dial(number: string): Promise<boolean> {
  const to = number.trim()
  if (!to || !needDesk()) return false
  const busy = to !== desk.value && isBusy(live.extension.get(to))
  const done = await holding(`dial:${to}`, async () => {
    try {
      await calls.dial(to)
    } catch (error) {
      const lost = error instanceof ApiError && error.unreachable && link.state !== 'up'
      if (!lost || !(await dialDirectly(to))) throw error
      notify('info', t('dial.direct'))
    }
  })
  if (busy) offerCamp(to)
  return done
}

/** A one-key button: dials, and a second press takes it back as long as nobody has answered. */
export async function speedDial(number: string): Promise<void> {
  const call = dialedCall(live.call.values(), desk.value, number)
  if (call) await run(`hangup:${call.id}`, () => calls.hangup(call.id))
  else await dial(number)
}

export async function transfer(to: string, kind: 'blind' | 'attended'): Promise<void> {
  const id = current.value?.callId
  if (!id || !to.trim()) return
  const done = await run(`transfer:${id}`, async () => {
    await calls.transfer(id, to.trim(), kind)
    return true
  })
  if (done) mode.value = kind === 'attended' ? 'transfer' : 'dial'
}

export async function finishTransfer(complete: boolean): Promise<void> {
  const id = current.value?.callId
  if (!id) return
  const act = complete ? calls.completeTransfer : calls.cancelTransfer
  await run(`transfer-end:${id}`, () => act(id))
  mode.value = 'dial'
}

export async function sendKeys(digits: string): Promise<void> {
  const id = current.value?.callId
  if (id) await inTurn(`dtmf:${id}`, () => calls.dtmf(id, digits))
}

export function toggleMute(): void {
  const on = !muted.value
  for (const session of sessions.values()) if (session.state === 'talking') muteSession(session.id, on)
}

export const changeDuty = (extension: string | null, state: Duty) =>
  run('seat', () => takeSeat(extension, state))
