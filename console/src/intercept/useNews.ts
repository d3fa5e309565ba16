/** What must be heard or read at once: a request to confirm, and what others have done to the own call. */
import { watch } from 'vue'
import { notify } from '../commands/notices'
import { t } from '../i18n'
import { live } from '../live/store'
import { chime } from '../phone/ringer'
import { desk } from '../session/store'
import { toConfirm, wasOwn } from './store'
import type { Intrusion } from './types'

/** In seconds. Who has come in stands on the call as long as he is there; what is over is told nowhere else. */
const SHORT = 6
const LONG = 30
const told = new Set<string>()

function tell(entry: Intrusion): void {
  const key = `${entry.id}:${entry.act}`
  if (told.has(key) || entry.desk === desk.value || !wasOwn(entry.call_id)) return
  told.add(key)
  const who = `${entry.desk} ${entry.name}`.trim()
  if (entry.act === 'insert' || entry.act === 'takeover' || entry.act === 'release') {
    notify('error', t(`intercept.intruded.${entry.act}`, { who }), '', entry.act === 'insert' ? SHORT : LONG)
  }
}

export function useNews(): void {
  watch(
    () => toConfirm.value.length,
    (count, before) => {
      if (count > before) chime()
    },
  )
  watch(
    () => [...live.intrusion.values()],
    (entries) => entries.filter((entry) => entry.stage !== 'warning').forEach(tell),
  )
}
