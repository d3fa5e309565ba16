/** Carrying out a command: one at a time under a key, and its refusal on the screen. */
import { reactive } from 'vue'
import { ApiError } from '../api/http'
import { language, t, te } from '../i18n'
import { notify } from './notices'
import { afterwards } from './queue'
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

/** For what is asked again soon anyway: a failure is nothing to tell. */
export const quietly = { tell: (): void => undefined }

/**
 * Ask for what a part of the screen shows. No late answer stands over a newer one, nor over a question `about`
 * something else: whoever asked for it gets `undefined`, as he does when it failed.
 */
export async function latest<T>(
  part: string,
  ask: () => Promise<T>,
  { about = '', tell = showError }: { about?: string; tell?: (error: unknown) => void } = {},
): Promise<T | undefined> {
  const turn = takeTurn(part, about)
  pending.add(part)
  try {
    const answer = await ask()
    return turn.counts() ? answer : undefined
  } catch (error) {
    if (turn.counts()) tell(error)
    return undefined
  } finally {
    if (turn.isLast()) pending.delete(part)
  }
}

/** Run `act` after those with this key that are under way, unless one of them fails: a quick second press counts too. */
export function inTurn(key: string, act: () => Promise<unknown>): Promise<boolean> {
  const done = async () => {
    await act()
    return true
  }
  return afterwards(key, async () => (await run(key, done)) ?? false)
}

let questions = 0
/** Ask for rows, also while an older question is under way. Gives `undefined` when it failed. */
export function question<T>(ask: () => Promise<T>): Promise<T | undefined> {
  return run(`question:${(questions += 1)}`, ask)
}
