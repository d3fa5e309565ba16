/** The HTTP API of intercept, one function a route. */
import { request } from '../api/http'
import type { Act, Intercept, Option } from './types'

const path = encodeURIComponent

export interface Wish {
  act: Exclude<Act, 'takeover'>
  reason: string
  /** Whom to whisper to, or to be connected with after a release. */
  target: string | null
  waiveTone: boolean
}

/** Each act has a body of its own; what it does not know is refused. */
function bodyOf(wish: Wish): object {
  const { reason } = wish
  if (wish.act === 'whisper') return { reason, target: wish.target }
  if (wish.act === 'insert') return { reason, waive_tone: wish.waiveTone }
  if (wish.act === 'release') return { reason, connect: wish.target }
  return { reason }
}

function act(id: string, verb: string, body: object = {}): Promise<Intercept> {
  return request<Intercept>('POST', `/intercepts/${path(id)}/${verb}`, { body })
}

export const intercepts = {
  options: (calls: readonly string[]) =>
    request<{ calls: Record<string, Option[]> }>(
      'GET',
      `/intercept-options?${calls.map((id) => `call_id=${path(id)}`).join('&')}`,
    ),
  begin: (callId: string, wish: Wish) =>
    request<Intercept>('POST', `/calls/${path(callId)}/${wish.act}`, { body: bodyOf(wish) }),
  switch: (id: string, to: Act, target: string | null, waiveTone = false) =>
    act(id, 'switch', { act: to, target, waive_tone: waiveTone }),
  leave: (id: string) => act(id, 'leave'),
  confirm: (id: string) => act(id, 'confirm'),
  refuse: (id: string) => act(id, 'refuse'),
}
