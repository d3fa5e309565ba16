/**
 * A page that is loaded anew has lost the sound of its calls, while the switch still has them. They are fetched to the
 * new phone: parked, and the one that was talked on is retrieved.
 */
import { watch } from 'vue'
import { link } from '../live/store'
import { phoneState } from '../phone/phone'
import { sessions } from '../phone/session'
import { park, retrieve } from './actions'
import type { OwnCall } from './own'
import { own } from './store'

const KEY = 'calls-of-the-phone'
const lost = new Set<string>(JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as string[])

async function fetchBack(call: OwnCall, id: string): Promise<void> {
  const talked = call.state === 'talking'
  if ((await park(call)) && talked) await retrieve(id)
}

watch([own, phoneState, () => link.state] as const, ([calls, phone, state]) => {
  if (phone === 'registered' && state === 'up') {
    for (const call of calls)
      if (call.callId && !call.sessionId && lost.has(call.callId)) void fetchBack(call, call.callId)
    lost.clear()
  }
  const carried = calls.flatMap(({ callId, sessionId }) => (callId && sessionId ? [callId] : []))
  sessionStorage.setItem(KEY, JSON.stringify([...lost, ...carried]))
})

// The browser asks before it throws away a page with a call.
addEventListener('beforeunload', (event) => {
  if (sessions.size) event.preventDefault()
})
