/** Carrying out a command: one at a time under a key, and its refusal on the screen. */
import { reactive } from 'vue'
import { ApiError } from '../api/http'
import { language, t, te } from '../i18n'
import { notify } from './notices'
import { takeTurn } from './turns'

const pending = reactive(new Set<string>())

export function isPending(key: string): boolean {
  return pending.has(key)
}

/**
 * What to tell of a failure, and the next step: in the words of the console where it knows the code (with the
 * number that the server names), else as the server says in the language of the console.
 */
export function worded(error: unknown): [message: string, next: string] {
  if (!(error instanceof ApiError)) return [error instanceof Error ? error.message : String(error), '']
  const key = `errors.${error.code}`
  if (!te(`${key}.message`)) return inLanguage(error)
  const number = /\+?\d+/.exec(`${error.message} ${error.nextStep}`)?.[0] ?? ''
  return [t(`${key}.message`, { number }), t(`${key}.next`, { number })]
}

/** What the server says of a failure, in the language of the console. */
export function inLanguage(error: ApiError): [message: string, next: string] {
  if (language.value === 'zh' && error.chinese) return [...error.chinese]
  return [error.message || error.code, error.nextStep]
}

export function showError(error: unknown): void {
  notify('error', ...worded(error))
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

/**
 * Ask for what a part of the screen shows. The last question counts: whoever asked before gets `undefined`, as he does
 * when it failed, so that no late answer stands over a newer one.
 */
export async function latest<T>(part: string, ask: () => Promise<T>): Promise<T | undefined> {
  const isLast = takeTurn(part)
  try {
    const answer = await ask()
    return isLast() ? answer : undefined
  } catch (error) {
    if (isLast()) showError(error)
    return undefined
  }
}

let questions = 0
/** Ask for rows, also while an older question is under way. Gives `undefined` when it failed. */
export function question<T>(ask: () => Promise<T>): Promise<T | undefined> {
  return run(`question:${(questions += 1)}`, ask)
}
