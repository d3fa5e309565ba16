/** Which rows of a long list are in view, and where they are drawn. Pure. */

/** Rows that are drawn above and below, so that scrolling shows no gap. */
const MARGIN = 8
/** Browsers draw nothing below some 17 million pixels: the bar of a longer list stands for more than its length. */
const HIGHEST = 15_000_000

export interface InView {
  first: number
  /** The one behind the last. */
  last: number
  /** The first one that can be seen whole or in part. */
  eye: number
  /** By how many pixels the rows are drawn lower than they stand in the list. */
  lower: number
}

/** How high the list is drawn. */
export const drawn = (count: number, row: number): number => Math.min(count * row, HIGHEST)

/** Pixels of the list for each pixel of the scroll bar. */
function pace(count: number, row: number, height: number): number {
  const whole = count * row
  return whole > HIGHEST ? (whole - height) / (HIGHEST - height) : 1
}

export function inView(count: number, row: number, top: number, height: number): InView {
  const seen = top * pace(count, row, height)
  const eye = Math.min(Math.max(0, Math.floor(seen / row)), Math.max(0, count - 1))
  return {
    first: Math.max(0, eye - MARGIN),
    last: Math.min(count, Math.ceil((seen + height) / row) + MARGIN),
    eye,
    lower: top - seen,
  }
}

/** Where the scroll bar stands when a list is scrolled `by` rows on from `top`. */
export function scrolledBy(count: number, row: number, top: number, height: number, by: number): number {
  return Math.max(0, top + (by * row) / pace(count, row, height))
}

/** Where the scroll bar stands when a place is in view: where it is, when it is seen whole there already. */
export function scrolledTo(count: number, row: number, top: number, height: number, place: number): number {
  const times = pace(count, row, height)
  const seen = top * times
  const whole = place * row >= seen && (place + 1) * row <= seen + height
  return whole ? top : Math.max(0, (place * row - (height - row) / 2) / times)
}
