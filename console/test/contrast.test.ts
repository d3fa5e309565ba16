/** Text on its ground has at least 4.5:1 in both themes (WCAG 2.2, 1.4.3). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const TEXTS = ['text', 'dim', 'off', 'accent', 'idle', 'ringing', 'talking', 'held']
const GROUNDS = [
  ...['bg', 'panel', 'panel-2', 'panel-3', 'accent-soft'],
  ...['idle-soft', 'ringing-soft', 'talking-soft', 'held-soft'],
]
const PAIRS = [
  ...TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)),
  ['warn-text', 'warn-bg'] as const,
  ['alarm-text', 'alarm-bg'] as const,
]

const css = readFileSync(join(import.meta.dirname, '../src/styles/tokens.css'), 'utf8')
const [bright = '', dim = ''] = css.split(':root.dark')
const coloursOf = (part: string): Record<string, string> =>
  Object.fromEntries(
    [...part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]),
  )
const light = coloursOf(bright)
const themes = { light, dark: { ...light, ...coloursOf(dim) } }

/** Relative luminance of `#rrggbb`. */
function luminance(colour: string): number {
  const part = (from: number): number => {
    const value = parseInt(colour.slice(from, from + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

describe.each(Object.entries(themes))('the colours of the %s theme', (_name, theme) => {
  const colour = (name: string) => theme[name] ?? ''

  it('let every text be read on every ground', () => {
    expect(contrast(colour('text'), colour('panel'))).toBeGreaterThan(15)
    const poor = PAIRS.filter(([text, ground]) => !(contrast(colour(text), colour(ground)) >= 4.5))
    expect(poor).toEqual([])
  })

  it('let the white words of the strong buttons be read', () => {
    const poor = ['go', 'stop'].filter((name) => !(contrast('#ffffff', colour(name)) >= 4.5))
    expect(poor).toEqual([])
  })
})
