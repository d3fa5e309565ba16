import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { en } from '../src/i18n/en'
import { zh } from '../src/i18n/zh'
import { BINDINGS } from '../src/keys/bindings'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + key, value)
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) found.set(inner, text)
  }
  return found
}

const english = flat(en as Tree)
const chinese = flat(zh as Tree)
const slots = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'i18n' ? [] : sources(path)
    return /\.(vue|ts)$/.test(entry.name) ? [readFileSync(path, 'utf8')] : []
  })
}
const code = sources(join(import.meta.dirname, '../src')).join('\n')

describe('messages', () => {
  it('have the same keys in both languages', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  })

  it('have the same slots in both languages', () => {
    for (const [key, text] of english)
      expect([key, slots(chinese.get(key) ?? '')]).toEqual([key, slots(text)])
  })

  it('are not empty, and Chinese is Chinese', () => {
    const latin = /^(English|Q\.850|API|[→/{} ]+)*$/
    for (const [key, text] of chinese) {
      expect(english.get(key), key).not.toBe('')
      expect(/[\u4e00-\u9fff]/.test(text) || latin.test(text), `${key}: ${text}`).toBe(true)
    }
  })

  it('exist for every key that the code names', () => {
    const named = [...code.matchAll(/\bt\('([\w.-]+)'/g)].map((match) => match[1] as string)
    expect(named.length).toBeGreaterThan(100)
    for (const key of named) expect(english.has(key), key).toBe(true)
  })

  it('exist for every part of the server that may fail', () => {
    const places = ['softswitch/app_web.py', 'intercept/door/build.py']
    const server = places.map((place) => readFileSync(join(import.meta.dirname, '../..', place), 'utf8'))
    const parts = [...server.join().matchAll(/\b(?:reporting|health)\.add\("(\w+)"/g)].map(
      (match) => match[1],
    )
    expect(parts.length).toBeGreaterThan(4)
    for (const part of parts) expect(english.has(`alarm.parts.${part}`), part).toBe(true)
  })

  it('exist for every action that has a key', () => {
    for (const { action } of BINDINGS) expect(english.has(`keys.${action}`), action).toBe(true)
  })

  it('holds no sign that the message compiler would take for its own', () => {
    for (const text of [...english.values(), ...chinese.values()]) expect(text).not.toMatch(/[@$]/)
  })
})
