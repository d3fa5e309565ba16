/** The two languages of the console. */
import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import { en } from './en'
import { zh } from './zh'

export type Language = 'zh' | 'en'

function remembered(): Language {
  const kept = localStorage.getItem('language')
  if (kept === 'zh' || kept === 'en') return kept
  return navigator.language.startsWith('zh') ? 'zh' : 'en'
}

export const i18n = createI18n({
  legacy: false,
  locale: remembered(),
  fallbackLocale: 'en',
  messages: { en, zh },
})

const composer = i18n.global

export const language = computed<Language>(() => composer.locale.value as Language)

export function setLanguage(value: Language): void {
  composer.locale.value = value
  localStorage.setItem('language', value)
  document.documentElement.lang = value === 'zh' ? 'zh-CN' : 'en'
}

/** The message of a key; a number under `n` chooses between one and many. */
export function t(key: string, values: Record<string, unknown> = {}): string {
  return typeof values.n === 'number' ? composer.t(key, values, values.n) : composer.t(key, values)
}
/** Whether there are words of our own under a key. */
export const te = (key: string): boolean => composer.te(key, 'en')

/** The word for a code of the server under the first of `groups` that has one; a newer code is shown as it is. */
export function wordFor(code: string, ...groups: string[]): string {
  const key = code ? groups.map((group) => `${group}.${code}`).find(te) : undefined
  return key ? t(key) : code
}
