/** What the server allows on which call. Many rows ask at once; one request answers them. */
import { shallowReactive } from 'vue'
import type { Call } from '../api/types'
import { language, t } from '../i18n'
import { live } from '../live/store'
import { desk, may } from '../session/store'
import { intercepts } from './api'
import { optionOf, pictureOf, plainObstacle, type Known } from './model'
import { running } from './store'
import type { Act, Option } from './types'

const GATHER = 120
const MOST = 50
const options = shallowReactive(new Map<string, Known>())
const wanted = new Set<string>()
let timer: ReturnType<typeof setTimeout> | undefined

/** What is allowed depends on: the call, and how far the own intercept is. */
export function picture(call: Call | undefined): string {
  const own = running.value
  return [pictureOf(call, desk.value), own?.id, own?.stage, own?.act].join('|')
}

/** Ask what is allowed on a call now. */
export function askOptions(callId: string): void {
  if (!desk.value || !may('intercept.use')) return
  wanted.add(callId)
  timer ??= setTimeout(() => void flush(), GATHER)
}

async function flush(): Promise<void> {
  timer = undefined
  const calls = [...wanted].filter((id) => live.call.has(id))
  wanted.clear()
  for (let first = 0; first < calls.length; first += MOST) {
    const some = calls.slice(first, first + MOST)
    const pictures = new Map(some.map((id) => [id, picture(live.call.get(id))]))
    try {
      const answer = await intercepts.options(some)
      for (const [id, acts] of Object.entries(answer.calls))
        options.set(id, { picture: pictures.get(id) ?? '', acts })
    } catch {
      // Unknown stays allowed as far as the picture tells: the server decides on the act itself.
    }
  }
  for (const id of options.keys()) if (!live.call.has(id)) options.delete(id)
}

export function optionFor(callId: string, act: Act): Option | null {
  return optionOf(options.get(callId), picture(live.call.get(callId)), act)
}

/** Why an act cannot be done, in the language of the user; `null`: it can, as far as is known. */
export function obstacle(callId: string, act: Act): string | null {
  const inside = running.value?.call_id === callId
  const plain = plainObstacle(act, live.call.get(callId), desk.value, may, inside)
  if (plain) return t(`intercept.why.${plain}`)
  const option = optionFor(callId, act)
  if (!option || option.allowed) return null
  return (language.value === 'zh' ? option.reason_zh : option.reason_en) ?? option.code ?? null
}
