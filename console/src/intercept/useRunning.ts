/** The running intercept as the pane and the strip show it. */
import { computed } from 'vue'
import { t } from '../i18n'
import { live } from '../live/store'
import { change, leave, want } from './actions'
import { ACT_ICONS } from './icons'
import { heardBy, nameOf, partiesOf } from './model'
import { obstacle } from './options'
import { running } from './store'
import type { Act } from './types'

/** What is shown of a session: which act, on which call, whom one is heard by. */
export function useRunning() {
  const session = running
  const call = computed(() => (session.value ? live.call.get(session.value.call_id) : undefined))
  const parties = computed(() => partiesOf(call.value, session.value?.desk ?? null))
  const names = computed(() => parties.value.map(nameOf).join(' ⇄ '))
  const target = computed(() => parties.value.find((leg) => leg.id === session.value?.target))
  const icon = computed(() => ACT_ICONS[session.value?.act ?? 'monitor'])
  const word = computed(() => (session.value ? t(`intercept.doing.${session.value.act}`) : ''))
  const hearing = computed(() => (session.value ? heardBy(session.value) : 'nobody'))
  const heard = computed(() => {
    const stage = session.value?.stage
    const key = stage === 'ringing' || stage === 'warning' ? stage : hearing.value
    return t(`intercept.heard.${key}`, { name: target.value?.number ?? '' })
  })
  const why = (act: Act) => (session.value ? obstacle(session.value.call_id, act) : null)
  return { session, call, parties, names, icon, word, hearing, heard, why }
}

export type Running = ReturnType<typeof useRunning>

/** Go over to an act, or ask for the reason of a release. */
export function go(act: Act, target?: string | null, connect = false): void {
  const session = running.value
  if (!session) return
  if (act === 'release') want(session.call_id, act, { connect, target: target ?? null })
  else void change(session, act, target)
}

export const leaveRunning = () => leave()
