/** A list of the server that is read anew while what it tells of changes. */
import { onUnmounted, watch } from 'vue'
import type { Whole } from './whole'

/** What changes meanwhile is read together, and what is written behind a change is on the disk by then. */
const SOON = 1_000

export function renewWhen<T>(list: Whole<T>, changes: () => unknown): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(changes, () => {
    timer ??= setTimeout(() => {
      timer = undefined
      void list.renew()
    }, SOON)
  })
  onUnmounted(() => clearTimeout(timer))
}
