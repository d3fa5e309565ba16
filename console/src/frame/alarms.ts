/** What needs attention, worst first. */
import { computed, ref } from 'vue'
import { request } from '../api/http'
import { queue } from '../call/store'
import { language, t, wordFor } from '../i18n'
import { duration } from '../i18n/format'
import { spoken } from '../i18n/spoken'
import { now } from '../live/clock'
import { link, live } from '../live/store'
import { microphone } from '../phone/microphone'
import { phoneState } from '../phone/phone'
import { desk, me, ownExtension } from '../session/store'

export interface Alarm {
  id: string
  level: 'alarm' | 'warning'
  text: string
}

interface Health {
  status: 'ok' | 'degraded'
  failing: string[]
}

const health = ref<Health | null>(null)
const LONG_WAIT = 60_000
const PERIOD = 10_000

async function look(): Promise<void> {
  // No answer is told by the link already.
  if (me.value) health.value = await request<Health>('GET', '/health', { timeout: 5000 }).catch(() => null)
}
setInterval(() => void look(), PERIOD)
setTimeout(() => void look(), 1500)

const MICROPHONE: Record<string, string> = { missing: 'mic', denied: 'micDenied', insecure: 'micInsecure' }

function phoneAlarms(): Alarm[] {
  const alarms: Alarm[] = []
  const add = (id: string, level: Alarm['level'], values = {}) =>
    alarms.push({ id, level, text: t(`alarm.${id}`, values) })
  if (phoneState.value === 'lost') add('phoneLost', 'alarm')
  if (phoneState.value === 'refused') add('phoneRefused', 'alarm')
  const problem = MICROPHONE[microphone.value]
  if (problem) add(problem, 'alarm')
  if (
    ownExtension.value?.state === 'unregistered' &&
    link.state === 'up' &&
    phoneState.value !== 'connecting'
  ) {
    add('unregistered', 'alarm', { desk: desk.value })
  }
  return alarms
}

export const alarms = computed<Alarm[]>(() => {
  const found: Alarm[] = []
  if (link.state === 'down') found.push({ id: 'link', level: 'alarm', text: t('alarm.link') })
  found.push(...phoneAlarms())
  for (const alarm of live.alarm.values()) {
    const text = spoken(alarm, 'message') + (language.value === 'zh' ? '' : ' ') + spoken(alarm, 'next_step')
    found.push({ id: alarm.id, level: 'warning', text })
  }
  for (const part of health.value?.failing ?? []) {
    const text = t('alarm.health', { part: wordFor(part, 'alarm.parts') })
    found.push({ id: `health-${part}`, level: 'warning', text })
  }
  for (const entry of queue.value) {
    const age = now.value - entry.since
    if (age < LONG_WAIT) continue
    const text = t('alarm.longWait', { number: entry.number, age: duration(age) })
    found.push({ id: `wait-${entry.call_id}`, level: 'warning', text })
  }
  return found
})
