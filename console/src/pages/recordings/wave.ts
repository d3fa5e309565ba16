/** Peaks as the outline of a waveform in a box of `peaks.length` × 254. Pure. */
export function wavePath(peaks: readonly (readonly [number, number])[]): string {
  if (!peaks.length) return ''
  // Silence stays visible as a thin line.
  const upper = peaks.map(([, high], x) => `${x} ${127 - Math.max(1, high)}`)
  const lower = peaks.map(([low], x) => `${x} ${127 + Math.max(1, -low)}`).reverse()
  return `M${upper.join('L')}L${lower.join('L')}Z`
}
