/** Messages to the dispatcher: errors stay until read, others go by themselves. */
import { reactive } from 'vue'

export interface Notice {
  id: number
  kind: 'error' | 'info'
  text: string
  nextStep: string
  /** What can be done about it at once. */
  action?: { label: string; act: () => void }
}

export const notices = reactive<Notice[]>([])

let last = 0
const LIMIT = 3

export function notify(
  kind: Notice['kind'],
  text: string,
  nextStep = '',
  seconds = kind === 'error' ? 12 : 4,
  action?: Notice['action'],
): void {
  const id = ++last
  const same = notices.findIndex((notice) => notice.text === text)
  if (same >= 0) notices.splice(same, 1)
  notices.push({ id, kind, text, nextStep, action })
  if (notices.length > LIMIT) notices.shift()
  setTimeout(() => dismiss(id), seconds * 1000)
}

export function dismiss(id?: number): boolean {
  const index = id === undefined ? notices.length - 1 : notices.findIndex((notice) => notice.id === id)
  return index >= 0 && notices.splice(index, 1).length > 0
}
