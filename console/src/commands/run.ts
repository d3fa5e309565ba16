/** Carrying out a command: one at a time under a key, and its refusal on the screen. */
import { reactive } from 'vue'
import { ApiError } from '../api/http'
import { t, te } from '../i18n'
import { notify } from './notices'

const pending = reactive(new Set<string>())

export function isPending(key: string): boolean {
  return pending.has(key)
}

/** Show why something failed: in the dispatcher's language where we know the code, else as the server says. */
export function showError(error: unknown): void {
  if (!(error instanceof ApiError)) {
    notify('error', error instanceof Error ? error.message : String(error))
    return
  }
  const key = `errors.${error.code}`
  if (te(`${key}.message`)) notify('error', t(`${key}.message`), t(`${key}.next`))
  else notify('error', error.message || error.code, error.nextStep)
}

/** Run `act` unless one with this key is under way. Gives `undefined` when it failed or was passed over. */
export async function run<T>(key: string, act: () => Promise<T>): Promise<T | undefined> {
  if (pending.has(key)) return undefined
  pending.add(key)
  try {
    return await act()
  } catch (error) {
    showError(error)
    return undefined
  } finally {
    pending.delete(key)
  }
}
