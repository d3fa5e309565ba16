/** Which of two pages that stand side by side a key is meant for. */
import type { InjectionKey } from 'vue'
import { view, type View } from './view'

export const PAGE: InjectionKey<View> = Symbol('page')

/** The page in which the focus is; with the focus on the queue or the own call, the page that was opened. */
export function keysAreFor(page: View | null, target: EventTarget | null): boolean {
  const within = target instanceof Element ? target.closest<HTMLElement>('[data-page]') : null
  return page === null || page === (within?.dataset.page ?? view.value)
}
