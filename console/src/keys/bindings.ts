/** Every key of the console in one table. The `?` overlay is this table. Pure. */

export type Action =
  | 'take'
  | 'hangup'
  | 'hold'
  | 'park'
  | 'transfer'
  | 'keypad'
  | 'mute'
  | 'recent'
  | 'dial'
  | 'queue'
  | 'board'
  | 'calls'
  | 'tasks'
  | 'incident'
  | 'conference'
  | 'sms'
  | 'trunks'
  | 'cases'
  | 'map'
  | 'resources'
  | 'plans'
  | 'duty'
  | 'recordings'
  | 'history'
  | 'admin'
  | 'audit'
  | 'ready'
  | 'pause'
  | 'seat'
  | 'help'
  | 'close'
  | 'nextCall'
  | 'deskView'
  | 'side'
  | 'monitor'
  | 'whisper'
  | 'insert'
  | 'takeover'
  | 'release'
  | 'connect'
  | 'leave'
  | 'second'
  | 'camp'
  | 'intercom'
  | 'night'
  | `speed:${number}`

export interface KeyPress {
  /** A letter with Shift is `Shift+<letter>`: pages beside the desk are opened so. */
  key: string
  alt: boolean
  ctrl: boolean
  meta: boolean
  /** The focus is in a text field, a select or the like. */
  typing: boolean
  /** The focus is on something that Enter or Space would press. */
  onControl: boolean
}

interface Binding {
  keys: readonly string[]
  action: Action
  /** Works while typing too. */
  always: boolean
}

/** Shown in this order; `label` is `keys.<action>` in the messages. */
export const BINDINGS: readonly Binding[] = [
  { keys: ['F2', 'Enter'], action: 'take', always: true },
  { keys: ['F4'], action: 'hangup', always: true },
  { keys: ['F6'], action: 'hold', always: true },
  { keys: ['F7'], action: 'park', always: true },
  { keys: ['F8'], action: 'transfer', always: true },
  { keys: ['F9'], action: 'recent', always: true },
  { keys: ['F10'], action: 'mute', always: true },
  { keys: ['k'], action: 'keypad', always: false },
  { keys: ['/'], action: 'dial', always: false },
  { keys: ['n'], action: 'nextCall', always: false },
  { keys: ['q'], action: 'queue', always: false },
  { keys: ['t'], action: 'tasks', always: false },
  { keys: ['b'], action: 'board', always: false },
  { keys: ['c'], action: 'calls', always: false },
  { keys: ['i'], action: 'incident', always: false },
  { keys: ['g'], action: 'conference', always: false },
  { keys: ['Shift+s'], action: 'sms', always: false },
  { keys: ['Shift+t'], action: 'trunks', always: false },
  { keys: ['Shift+i'], action: 'cases', always: false },
  { keys: ['Shift+m'], action: 'map', always: false },
  { keys: ['Shift+r'], action: 'resources', always: false },
  { keys: ['Shift+p'], action: 'plans', always: false },
  { keys: ['Shift+d'], action: 'duty', always: false },
  { keys: ['Shift+l'], action: 'recordings', always: false },
  { keys: ['Shift+h'], action: 'history', always: false },
  { keys: ['Shift+a'], action: 'admin', always: false },
  { keys: ['Shift+u'], action: 'audit', always: false },
  { keys: ['m'], action: 'monitor', always: false },
  { keys: ['w'], action: 'whisper', always: false },
  { keys: ['j'], action: 'insert', always: false },
  { keys: ['o'], action: 'takeover', always: false },
  { keys: ['x'], action: 'release', always: false },
  { keys: ['z'], action: 'connect', always: false },
  { keys: ['l'], action: 'leave', always: false },
  { keys: ['v'], action: 'second', always: false },
  { keys: ['u'], action: 'camp', always: false },
  { keys: ['e'], action: 'intercom', always: false },
  { keys: ['y'], action: 'night', always: false },
  { keys: ['s'], action: 'seat', always: false },
  { keys: ['r'], action: 'ready', always: false },
  { keys: ['p'], action: 'pause', always: false },
  { keys: ['d'], action: 'deskView', always: false },
  { keys: ['Shift+b'], action: 'side', always: false },
  { keys: ['?'], action: 'help', always: false },
  { keys: ['Escape'], action: 'close', always: true },
]

function matches(binding: Binding, press: KeyPress): boolean {
  if (press.typing && !binding.always) return false
  if (press.key === 'Enter' && (press.typing || press.onControl)) return false
  return binding.keys.includes(press.key.length === 1 ? press.key.toLowerCase() : press.key)
}

/** What a key press asks for; `null` leaves it to the browser. */
export function actionOf(press: KeyPress): Action | null {
  if (press.ctrl || press.meta) return null
  if (press.alt) return /^[1-9]$/.test(press.key) ? `speed:${Number(press.key)}` : null
  return BINDINGS.find((binding) => matches(binding, press))?.action ?? null
}

/** A digit typed outside of any field begins a number to dial. */
export function startsNumber(press: KeyPress): boolean {
  return !press.typing && !press.ctrl && !press.meta && !press.alt && /^[0-9*#+]$/.test(press.key)
}
