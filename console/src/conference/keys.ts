/** The keys of the page of conferences: a table, and which action a press asks for. Pure. */
import type { KeyPress } from '../keys/bindings'

export type PageAction =
  | 'new'
  | 'call'
  | 'own'
  | 'invite'
  | 'mute'
  | 'muteAll'
  | 'floor'
  | 'hand'
  | 'lower'
  | 'kick'
  | 'redial'
  | 'redialAll'
  | 'lock'
  | 'lecture'
  | 'record'
  | 'next'

/** On this page these letters come before those of the call desk; shown in this order. */
export const CONFERENCE_KEYS: readonly { key: string; action: PageAction }[] = [
  { key: 'w', action: 'new' },
  { key: 'z', action: 'call' },
  { key: 'j', action: 'own' },
  { key: 'v', action: 'invite' },
  { key: 'm', action: 'mute' },
  { key: 'u', action: 'muteAll' },
  { key: 'f', action: 'floor' },
  { key: 'h', action: 'hand' },
  { key: 'k', action: 'lower' },
  { key: 'x', action: 'kick' },
  { key: 'a', action: 'redial' },
  { key: 'y', action: 'redialAll' },
  { key: 'l', action: 'lock' },
  { key: 'e', action: 'lecture' },
  { key: 'o', action: 'record' },
  { key: '.', action: 'next' },
]

export function pageAction(
  press: Pick<KeyPress, 'key' | 'alt' | 'ctrl' | 'meta' | 'typing'>,
): PageAction | null {
  if (press.typing || press.alt || press.ctrl || press.meta) return null
  return CONFERENCE_KEYS.find(({ key }) => key === press.key)?.action ?? null
}

/** The letter of an action, for the corner of its button. */
export function keyOf(action: PageAction): string {
  return CONFERENCE_KEYS.find((entry) => entry.action === action)?.key.toUpperCase() ?? ''
}
