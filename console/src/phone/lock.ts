/** One tab of a browser owns the phone: two tabs would both ring and fight over the microphone. */
import { ref } from 'vue'

export type LockState = 'none' | 'own' | 'other'

export const phoneLock = ref<LockState>('none')

const NAME = 'softswitch-phone'
let release: (() => void) | null = null

/**
 * Take the lock. `take` also takes it from another tab, which then gives its phone up. Without Web Locks (a
 * page that is not secure) there is no microphone either, so the tab may call itself the owner.
 */
export async function takePhone(take: boolean, lost: () => void): Promise<boolean> {
  if (phoneLock.value === 'own') return true
  if (!navigator.locks) {
    phoneLock.value = 'own'
    return true
  }
  return new Promise((resolve) => {
    const options: LockOptions = take ? { steal: true } : { ifAvailable: true }
    navigator.locks
      .request(NAME, options, (lock) => {
        phoneLock.value = lock ? 'own' : 'other'
        resolve(lock !== null)
        if (!lock) return undefined
        return new Promise<void>((done) => {
          release = done
        })
      })
      // A lock taken away by another tab ends here.
      .catch(() => {
        release = null
        phoneLock.value = 'other'
        lost()
      })
  })
}

export function releasePhone(): void {
  release?.()
  release = null
  phoneLock.value = 'none'
}
