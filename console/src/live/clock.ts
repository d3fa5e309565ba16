/** One clock for every timer on the screen: ticks once a second, on the second. */
import { readonly, ref } from 'vue'
import { serverNow } from '../api/http'

const tick = ref(serverNow())

function schedule(): void {
  setTimeout(
    () => {
      tick.value = serverNow()
      schedule()
    },
    1000 - (Date.now() % 1000),
  )
}
schedule()

export const now = readonly(tick)
