/** Which rows of a long list are in view. Pure. */

/** Height of a row in pixels. */
export const ROW = 48
/** Rows that are drawn above and below, so that scrolling shows no gap. */
const MARGIN = 8

export function inView(count: number, top: number, height: number): { first: number; last: number } {
  const first = Math.max(0, Math.floor(top / ROW) - MARGIN)
  const last = Math.min(count, Math.ceil((top + height) / ROW) + MARGIN)
  return { first: Math.min(first, count), last }
}
