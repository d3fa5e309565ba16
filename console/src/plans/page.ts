/** What is open on the page of plans; it stays while other pages are looked at. */
import { ref } from 'vue'
import { te, t } from '../i18n'

export const NEW = '+plan'
export const TABS = ['plans', 'runs'] as const
export const tab = ref<(typeof TABS)[number]>('plans')
export const chosen = ref<string | null>(null)
export const chosenRun = ref<string | null>(null)

export function openRun(id: string): void {
  tab.value = 'runs'
  chosenRun.value = id
}

/** Why somebody is not reached, in words; a reason of a newer server is shown as it is. */
export function whyText(why: string): string {
  const key = `plans.why.${why}`
  return why && te(key) ? t(key) : why
}
