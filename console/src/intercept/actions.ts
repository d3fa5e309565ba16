/** What the user can do to calls of others; each is one command to the server. */
import { takeover } from '../call/actions'
import { notify } from '../commands/notices'
import { inTurn, run } from '../commands/run'
import { t } from '../i18n'
import { live } from '../live/store'
import { endSession, sessions } from '../phone/session'
import { desk } from '../session/store'
import { ApiError } from '../api/http'
import { focusPart } from '../ui/roving'
import { intercepts, type Wish } from './api'
import { ask } from './dialog'
import { nextTarget, partiesOf } from './model'
import { obstacle } from './options'
import { own, ownWaiting, running } from './store'
import type { Act, Intercept } from './types'

/** The call that the focus is on, on the board or in the list of calls. */
function markedCall(): { callId: string; leg: string | null } | null {
  const marked = document.activeElement?.closest<HTMLElement>('[data-call]')
  const callId = marked?.dataset.call
  return callId ? { callId, leg: legOf(callId, marked.dataset.extension) } : null
}

export function legOf(callId: string, extension: string | undefined): string | null {
  if (!extension) return null
  return live.call.get(callId)?.legs.find((leg) => leg.extension === extension)?.id ?? null
}

/** A press on an act: what is forbidden says why, the rest asks for the reason. */
export function want(
  callId: string,
  act: Act,
  more: { connect?: boolean; target?: string | null } = {},
): void {
  const session = running.value
  if (session?.call_id === callId && act !== 'release') {
    void change(session, act, more.target)
    return
  }
  const why = obstacle(callId, act)
  if (why) notify('error', t('intercept.refused', { act: t(`intercept.act.${act}`) }), why)
  else if (act === 'takeover') void takeover(callId)
  else ask(callId, act, more)
}

/** A key: the marked call counts, else the one that the own intercept is in. */
export function wantMarked(act: Act, connect = false): void {
  const marked = markedCall()
  const callId = marked?.callId ?? running.value?.call_id
  if (callId) want(callId, act, { connect, target: marked?.leg ?? null })
  else focusPart('calls')
}

/** Carry out what the dialog asked; tells whether it was accepted. */
export async function begin(callId: string, wish: Wish): Promise<boolean> {
  const session = running.value
  const inside = session?.call_id === callId && wish.act === 'release' && wish.target !== null
  const done = await run(`intercept:${callId}`, () =>
    inside && session
      ? intercepts.switch(session.id, 'release', wish.target)
      : intercepts.begin(callId, wish),
  )
  return done !== undefined
}

/** Go over to another act in the same call. Whispering without a party goes to the next one. */
export async function change(session: Intercept, act: Act, target?: string | null): Promise<void> {
  const parties = partiesOf(live.call.get(session.call_id), session.desk)
  const to = act !== 'whisper' ? null : (target ?? nextTarget(parties, session.target))
  await inTurn(`switch:${session.id}`, () => intercepts.switch(session.id, act, to))
}

/** Leave the call of the others; when the server does not answer, the phone hangs up by itself. */
export async function leave(
  session: Intercept | null = running.value ?? ownWaiting.value[0] ?? null,
): Promise<void> {
  if (!session) return
  await run(`leave:${session.id}`, async () => {
    try {
      await intercepts.leave(session.id)
    } catch (error) {
      if (!(error instanceof ApiError && error.unreachable)) throw error
      for (const phone of sessions.values()) endSession(phone.id)
    }
  })
}

export const confirm = (id: string) => run(`confirm:${id}`, () => intercepts.confirm(id))
export const turnDown = (id: string) => run(`refuse:${id}`, () => intercepts.refuse(id))

/** The own desk is in a call of others: hold, park and transfer would act on a call that is not the own. */
export const isIntercepting = (): boolean =>
  own.value.some((session) => session.stage !== 'pending' && session.desk === desk.value)
