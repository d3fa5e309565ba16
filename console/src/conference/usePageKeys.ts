/** Keys of the part of the page that is open. They come before those of the whole console. */
import { inject, onMounted, onUnmounted } from 'vue'
import { PAGE, keysAreFor } from '../frame/place'
import { isTypedInto, keyName } from '../keys/field'
import { pageAction, type PageAction } from './keys'

const FIELD = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]'

export function usePageKeys(acts: Partial<Record<PageAction, () => unknown>>): void {
  const page = inject(PAGE, null)

  function listen(event: KeyboardEvent): void {
    if (event.repeat || document.querySelector('dialog[open]') || !keysAreFor(page, event.target)) return
    const action = pageAction({
      key: keyName(event),
      alt: event.altKey,
      ctrl: event.ctrlKey,
      meta: event.metaKey,
      typing: isTypedInto(event.target, FIELD),
    })
    const act = action ? acts[action] : undefined
    if (!act) return
    event.preventDefault()
    event.stopImmediatePropagation()
    void act()
  }
  onMounted(() => addEventListener('keydown', listen, { capture: true }))
  onUnmounted(() => removeEventListener('keydown', listen, { capture: true }))
}
