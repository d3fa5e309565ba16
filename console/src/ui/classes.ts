/** Colour and name of an emergency class. */
import { language } from '../i18n'
import { emergencyNumbers } from '../session/store'

const COLOURS: Record<string, string> = {
  '110': '#1d5fd1',
  '119': '#c8231c',
  '120': '#0a7d52',
  '122': '#a85f00',
}

/** The services have their own colours everywhere in the country; any other class gets violet. */
export function classColour(digits: string | null): string {
  return digits ? (COLOURS[digits] ?? '#6d4fc4') : '#5b6772'
}

export function className(digits: string | null, fallback: string | null): string {
  const entry = emergencyNumbers.value.find((number) => number.digits === digits)
  if (!entry) return fallback ?? ''
  return language.value === 'zh' ? entry.name_zh : entry.name_en
}
