/** Listens to the whole page and carries out what `bindings.ts` says. */
import { nextTick, onMounted, onUnmounted } from 'vue'
import {
  changeDuty,
  hangUp,
  park,
  sendKeys,
  speedDial,
  takeNext,
  toggleHold,
  toggleMute,
} from '../call/actions'
import { entered, mode } from '../call/mode'
import { choose, current, others } from '../call/store'
import { campMarked, intercomMarked, nightOpen } from '../features/actions'
import { dismiss } from '../commands/notices'
import {
  NEEDS,
  arrangement,
  help,
  recentOpen,
  seatOpen,
  show,
  turnSide,
  unfolded,
  view,
  type View,
} from '../frame/view'
import { desk, may, speedDials } from '../session/store'
import { isIntercepting, leave, wantMarked } from '../intercept/actions'
import { closeDialog, wanted } from '../intercept/dialog'
import { focusPage, focusPart } from '../ui/roving'
import { actionOf, startsNumber, type Action, type KeyPress } from './bindings'
import { isTypedInto, keyName } from './field'

const CONTROL = 'button, a, summary, [role="button"], [data-item]'
const FIELD = 'input, textarea, select, [contenteditable]'

function pressOf(event: KeyboardEvent): KeyPress {
  const target = event.target instanceof Element ? event.target : null
  // With Alt some layouts give another sign; the place of the key is what is meant.
  const digit = event.altKey ? /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] : undefined
  return {
    key: digit ?? keyName(event),
    alt: event.altKey,
    ctrl: event.ctrlKey,
    meta: event.metaKey,
    typing: isTypedInto(target, FIELD),
    onControl: target?.closest(CONTROL) != null,
  }
}

/** Where each part of the desk can be seen besides the desk itself. */
const SEEN: Record<string, () => boolean> = {
  queue: () => true,
  tasks: () => true,
  second: () => true,
  incident: () => arrangement.value.call === 'column',
  panel: () => {
    unfolded.value = arrangement.value.call === 'line'
    return true
  },
}

async function goTo(part: string): Promise<void> {
  if (!SEEN[part]?.()) show('desk')
  await nextTick()
  focusPart(part)
}

async function openPage(name: View, part: string = name): Promise<void> {
  if (!may(NEEDS[name])) return
  show(name)
  await nextTick()
  focusPage(name, part)
}

function openPanel(wanted: 'dial' | 'transfer' | 'keypad'): void {
  const needsCall = wanted !== 'dial'
  if (needsCall && !current.value) return
  mode.value = mode.value === wanted && needsCall ? 'dial' : wanted
  if (mode.value !== 'dial') entered.value = ''
  void goTo('panel')
}

function leavePanel(): void {
  mode.value = 'dial'
  entered.value = ''
  unfolded.value = false
}

function close(): void {
  if (help.value) help.value = false
  else if (recentOpen.value) recentOpen.value = false
  else if (seatOpen.value) seatOpen.value = false
  else if (wanted.value) closeDialog()
  else if (nightOpen.value) nightOpen.value = false
  else if (dismiss()) return
  else if (mode.value !== 'dial' || unfolded.value) leavePanel()
  else if (view.value !== 'desk') show('desk')
  else (document.activeElement as HTMLElement | null)?.blur()
}

function bringNext(): void {
  const last = others.value.at(-1)
  if (last) choose(last)
}

const ACTIONS: Record<Exclude<Action, `speed:${number}`>, () => unknown> = {
  take: takeNext,
  hangup: () => (isIntercepting() ? leave() : hangUp()),
  hold: () => isIntercepting() || toggleHold(),
  park: () => isIntercepting() || park(),
  transfer: () => isIntercepting() || openPanel('transfer'),
  keypad: () => openPanel('keypad'),
  mute: toggleMute,
  recent: () => (recentOpen.value = !recentOpen.value),
  dial: () => openPanel('dial'),
  queue: () => goTo('queue'),
  tasks: () => goTo('tasks'),
  board: () => goTo('board'),
  calls: () => goTo('calls'),
  incident: () => goTo('incident'),
  conference: () => openPage('conference'),
  sms: () => openPage('sms'),
  trunks: () => openPage('trunks'),
  cases: () => openPage('incidents', 'case-list'),
  map: () => openPage('map'),
  resources: () => openPage('resources'),
  plans: () => openPage('plans'),
  duty: () => openPage('duty'),
  recordings: () => openPage('recordings'),
  history: () => openPage('history'),
  admin: () => openPage('admin'),
  audit: () => openPage('audit'),
  ready: () => desk.value && changeDuty(desk.value, 'ready'),
  pause: () => desk.value && changeDuty(desk.value, 'paused'),
  seat: () => may('desk.seat') && (seatOpen.value = true),
  help: () => (help.value = !help.value),
  close,
  nextCall: bringNext,
  monitor: () => wantMarked('monitor'),
  whisper: () => wantMarked('whisper'),
  insert: () => wantMarked('insert'),
  takeover: () => wantMarked('takeover'),
  release: () => wantMarked('release'),
  connect: () => wantMarked('release', true),
  leave: () => leave(),
  second: () => goTo('second'),
  camp: campMarked,
  intercom: intercomMarked,
  night: () => (nightOpen.value = !nightOpen.value),
  deskView: () => show('desk'),
  side: turnSide,
}

function perform(action: Action): void {
  if (action.startsWith('speed:')) {
    const position = Number(action.slice(6))
    const button = speedDials.value.find((entry) => entry.position === position)
    if (button) void speedDial(button.number)
  } else void ACTIONS[action as keyof typeof ACTIONS]()
}

function beginNumber(key: string): void {
  if (mode.value === 'keypad' && current.value) {
    void sendKeys(key)
    return
  }
  entered.value = key
  void goTo('panel')
}

function listen(event: KeyboardEvent): void {
  // A dialog of the page has its own keys, apart from those that must always work.
  const press = pressOf(event)
  const inDialog = document.querySelector('dialog[open]') !== null
  const action = actionOf(inDialog ? { ...press, typing: true } : press)
  // The browser closes its own dialog on Escape.
  if (inDialog && action === 'close') return
  if (action && !(event.repeat && action !== 'close')) {
    event.preventDefault()
    perform(action)
  } else if (!inDialog && startsNumber(press)) {
    event.preventDefault()
    beginNumber(press.key)
  }
}

export function useKeyboard(): void {
  onMounted(() => addEventListener('keydown', listen))
  onUnmounted(() => removeEventListener('keydown', listen))
}
