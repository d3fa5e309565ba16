/** The key that opens each page, for the tip of its tab. */
import type { View } from '../frame/view'
import { BINDINGS, type Action } from './bindings'

/** Where the action of a page has another name than the page. */
const OPENS: Partial<Record<View, Action>> = { desk: 'deskView', incidents: 'cases' }

/** `Shift+M`, or `G`, as it is written on a button. */
export function keyOfPage(page: View): string {
  const action = OPENS[page] ?? page
  const key = BINDINGS.find((binding) => binding.action === action)?.keys[0] ?? ''
  return key.replace(/[a-z]$/, (letter) => letter.toUpperCase())
}
