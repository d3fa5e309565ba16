/** Arrow keys in a list or a grid of tiles. Pure but for the focus. */

/** Where an arrow key leads among `count` items that stand in rows of `columns`. */
export function moved(key: string, index: number, count: number, columns: number): number {
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
  }
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  const next = index + (steps[key] ?? 0)
  return next < 0 || next >= count ? index : next
}

function columnsOf(items: readonly HTMLElement[]): number {
  const top = items[0]?.offsetTop
  const second = items.findIndex((item) => item.offsetTop !== top)
  return second <= 0 ? Math.max(1, items.length) : second
}

/** Handle an arrow key inside `[data-roving]`: the items are its `[data-item]`s. */
export function rove(event: KeyboardEvent): void {
  const box = event.currentTarget as HTMLElement
  const items = [...box.querySelectorAll<HTMLElement>('[data-item]')]
  const index = items.indexOf((event.target as HTMLElement).closest('[data-item]') as HTMLElement)
  if (index < 0 || !/^(Arrow|Home|End)/.test(event.key)) return
  event.preventDefault()
  const columns = box.dataset.roving === 'grid' ? columnsOf(items) : 1
  items[moved(event.key, index, items.length, columns)]?.focus()
}

/** Bring the focus into a part of the screen: its first item, or the part itself. */
export function focusPart(name: string): void {
  const part = document.querySelector<HTMLElement>(`[data-part="${name}"]`)
  const first = (selector: string) => part?.querySelector<HTMLElement>(selector)
  const item = first('[data-item]') ?? first('input, textarea')
  ;(item ?? part)?.focus()
}

/** Bring the focus into a page: to the part that its key means, else to the page itself, from where Tab goes on. */
export function focusPage(page: string, part = page): void {
  focusPart(part)
  const box = document.querySelector<HTMLElement>(`[data-page="${page}"]`)
  if (!box?.contains(document.activeElement)) box?.focus()
}
