/** One tab of a browser owns the phone: two tabs would both ring and fight over the microphone. */
import { ref } from 'vue'

export type LockState = 'none' | 'own' | 'other'

export const phoneLock = ref<LockState>('none')

const NAME = 'softswitch-phone'
/** Ends the lock that this tab holds; each lock has its own, so that an old one cannot end a new one. */
let release: (() => void) | null = null

function hold(lost: () => void, taken: boolean, answer: (owner: boolean) => void): Promise<void> {
  let done: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    done = resolve
  })
  const options: LockOptions = taken ? { steal: true } : { ifAvailable: true }
  const granted = (lock: Lock | null): Promise<void> | undefined => {
    phoneLock.value = lock ? 'own' : 'other'
    if (lock) release = done
    answer(lock !== null)
    return lock ? held : undefined
  }
  return navigator.locks.request(NAME, options, granted).catch(() => {
    // Another tab took the lock away.
    if (release !== done) return
    release = null
    phoneLock.value = 'other'
    lost()
  }) as Promise<void>
}

/**
 * Take the lock, or keep it. `take` also takes it from another tab, which then gives its phone up. Without Web
 * Locks (a page that is not secure) there is no microphone either, so the tab may call itself the owner.
 */
export async function takePhone(take: boolean, lost: () => void): Promise<boolean> {
  if (phoneLock.value === 'own') return true
  if (!navigator.locks) {
    phoneLock.value = 'own'
    return true
  }
  return new Promise((answer) => void hold(lost, take, answer))
}

export function releasePhone(): void {
  release?.()
  release = null
  phoneLock.value = 'none'
}
