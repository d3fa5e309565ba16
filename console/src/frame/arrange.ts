/** What stands beside what, for the width that there is. Pure. */
import type { View } from './view'

/** Pixels that a page, or the own call with its incident, needs to be worked with. */
const COLUMN = 640

/** The queue keeps its place on every page, as `Frame.vue` draws it. */
const queueWidth = (width: number): number => Math.max(340, width * 0.23)

/** How many columns have room beside the queue. */
export function columns(width: number): number {
  return Math.max(1, Math.floor((width - queueWidth(width)) / COLUMN))
}

export interface Arrangement {
  /** The own call with its incident as a column, or as one line over the pages. */
  call: 'column' | 'line'
  /** The board, the calls and the one-key buttons. */
  board: boolean
  pages: View[]
}

/** The page that was opened, and beside it the one that was put to the side while there is room for both. */
export function arrange(view: View, side: View | null, width: number): Arrangement {
  const room = columns(width)
  const beside = side !== null && side !== view && room > 1 ? [side] : []
  if (view === 'desk') return { call: 'column', board: beside.length === 0 || room > 2, pages: beside }
  return { call: room > 2 ? 'column' : 'line', board: false, pages: [view, ...beside] }
}
