/** A list of the server that is read anew while what it tells of changes. */
import { onUnmounted, watch } from 'vue'

/** What changes meanwhile is read together, and what is written behind a change is on the disk by then. */
const SOON = 1_000

export function renewWhen(renew: () => Promise<void>, changes: () => unknown): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(changes, () => {
    timer ??= setTimeout(() => {
      timer = undefined
      void renew()
    }, SOON)
  })
  onUnmounted(() => clearTimeout(timer))
}
