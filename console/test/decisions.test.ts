import { describe, expect, it } from 'vitest'
import { ApiError, errorFrom, query } from '../src/api/http'
import { listOf } from '../src/api/list'
import { found, looksLikeNumber } from '../src/call/search'
import { duration, shortDateTime } from '../src/i18n/format'
import { changes, draftOf, merge } from '../src/incident/draft'
import { tabs, turns } from '../src/incident/shown'
import { actionOf, startsNumber, type KeyPress } from '../src/keys/bindings'
import { dayEnd, dayStart } from '../src/pages/days'
import { bodyOf, formOf } from '../src/pages/admin/values'
import type { Field } from '../src/pages/admin/tables'
import { wavePath } from '../src/pages/recordings/wave'
import { socketUrl, wantsAutoAnswer } from '../src/phone/decide'
import { moved } from '../src/ui/roving'
import { extension, incident } from './make'

describe('errors', () => {
  it('carry what the server says', () => {
    const error = errorFrom(409, {
      error: { code: 'taken', message: 'Taken.', next_step: 'Take another.', field: 'to' },
    })
    expect(error).toBeInstanceOf(ApiError)
    expect([error.code, error.message, error.nextStep, error.field]).toEqual([
      'taken',
      'Taken.',
      'Take another.',
      'to',
    ])
    expect(error.unreachable).toBe(false)
  })

  it('are errors too when the answer is anything else', () => {
    for (const body of [null, [], 'oops', {}, { error: {} }]) {
      expect(errorFrom(502, body).code).toBe('unexpected_answer')
    }
    expect(new ApiError(0, 'server_unreachable', '').unreachable).toBe(true)
  })

  it('leave unset values out of a query', () => {
    expect(query({ a: 1, b: '', c: undefined, d: null, e: 'x y' })).toBe('?a=1&e=x+y')
    expect(query({})).toBe('')
  })

  it('do not hide a list under its name', () => {
    expect(listOf([1])).toEqual([1])
    expect(listOf({ desk: '1001', speed_dials: [2] })).toEqual([2])
    expect(listOf(null)).toEqual([])
  })
})

describe('keys', () => {
  const press = (change: Partial<KeyPress>): KeyPress => ({
    key: 'x',
    alt: false,
    ctrl: false,
    meta: false,
    typing: false,
    onControl: false,
    ...change,
  })

  it('work while typing when they are function keys, and only then', () => {
    expect(actionOf(press({ key: 'F4', typing: true }))).toBe('hangup')
    expect(actionOf(press({ key: 'q', typing: true }))).toBeNull()
    expect(actionOf(press({ key: 'q' }))).toBe('queue')
    expect(actionOf(press({ key: 'Q' }))).toBe('queue')
    expect(actionOf(press({ key: '/', typing: true }))).toBeNull()
  })

  it('leave Enter to the field or button that has the focus', () => {
    expect(actionOf(press({ key: 'Enter' }))).toBe('take')
    expect(actionOf(press({ key: 'Enter', onControl: true }))).toBeNull()
    expect(actionOf(press({ key: 'Enter', typing: true }))).toBeNull()
    expect(actionOf(press({ key: 'F2', typing: true, onControl: true }))).toBe('take')
  })

  it('leave what the browser means by Ctrl alone', () => {
    expect(actionOf(press({ key: 'c', ctrl: true }))).toBeNull()
    expect(actionOf(press({ key: 'F4', meta: true }))).toBeNull()
  })

  it('dial by Alt and a digit, and begin a number by a digit', () => {
    expect(actionOf(press({ key: '3', alt: true, typing: true }))).toBe('speed:3')
    expect(actionOf(press({ key: '0', alt: true }))).toBeNull()
    expect(startsNumber(press({ key: '1' }))).toBe(true)
    expect(startsNumber(press({ key: '1', typing: true }))).toBe(false)
    expect(startsNumber(press({ key: 'F1' }))).toBe(false)
  })

  it('move in lists and grids, and stop at the edges', () => {
    expect(moved('ArrowDown', 0, 7, 3)).toBe(3)
    expect(moved('ArrowDown', 5, 7, 3)).toBe(5)
    expect(moved('ArrowUp', 1, 7, 3)).toBe(1)
    expect(moved('ArrowRight', 6, 7, 3)).toBe(6)
    expect(moved('End', 0, 7, 1)).toBe(6)
    expect(moved('a', 2, 7, 1)).toBe(2)
  })
})

describe('the browser phone', () => {
  const headers = (values: Record<string, string>) => (name: string) => values[name]

  it('answers by itself what the dispatcher asked for', () => {
    const wanted: Record<string, string>[] = [
      { 'Call-Info': '<sip:x>;answer-after=0' },
      { 'Call-Info': ';Answer-After = 0' },
      { 'Alert-Info': '<http://127.0.0.1>;info=alert-autoanswer' },
      { 'Alert-Info': '<x>;info=Auto-Answer' },
      { 'Answer-Mode': 'Auto' },
    ]
    for (const value of wanted) expect(wantsAutoAnswer(headers(value)), JSON.stringify(value)).toBe(true)
  })

  it('rings for everything else', () => {
    for (const value of [{}, { 'Call-Info': '<http://x>;purpose=icon' }, { 'Answer-Mode': 'Manual' }]) {
      expect(wantsAutoAnswer(headers(value as Record<string, string>))).toBe(false)
    }
  })

  it('registers on the host of the page, by TLS when the page came by it', () => {
    const config = { ws_port: 8088, wss_port: 8089, ws_path: '/ws' }
    expect(socketUrl(config, { protocol: 'http:', hostname: '10.0.0.5' })).toBe('ws://10.0.0.5:8088/ws')
    expect(socketUrl(config, { protocol: 'https:', hostname: 'dispatch' })).toBe('wss://dispatch:8089/ws')
  })
})

describe('the draft of an incident', () => {
  const base = incident({ title: 'Fire', note: 'Smoke' })

  it('sends only what was changed', () => {
    expect(changes(draftOf(base), base)).toEqual({})
    expect(changes({ ...draftOf(base), note: 'Flames' }, base)).toEqual({ note: 'Flames' })
  })

  it('takes from others what was not touched here, and keeps what was', () => {
    const draft = { ...draftOf(base), title: 'Fire, 3rd floor' }
    const fresh = { ...base, note: 'Smoke, two people', version: 2 }
    const merged = merge(draft, base, fresh)
    expect([merged.draft.title, merged.draft.note]).toEqual(['Fire, 3rd floor', 'Smoke, two people'])
    expect([merged.draft.version, merged.conflict]).toEqual([2, false])
  })

  it('loses no word when both wrote into the note', () => {
    const merged = merge({ ...draftOf(base), note: 'mine' }, base, { ...base, note: 'theirs', version: 2 })
    expect(merged.draft.note).toBe('theirs\nmine')
    expect(merged.conflict).toBe(true)
  })

  it('sees no conflict in what it saved itself', () => {
    const saved = { ...base, note: 'mine', version: 2 }
    expect(merge({ ...draftOf(base), note: 'mine' }, base, saved).conflict).toBe(false)
  })

  it('does not turn away under the hands of who types, until the call is taken', () => {
    expect(turns('ringing', true)).toBe(false)
    expect(turns('talking', true)).toBe(true)
    expect(turns('ringing', false)).toBe(true)
  })

  it('stands beside the last own ones', () => {
    const all = [
      incident({ id: 'mine', owner: 'li', created_at: 1 }),
      incident({ id: 'done', owner: 'li', status: 'closed', created_at: 2 }),
      incident({ id: 'foreign', owner: 'wang', created_at: 3 }),
      incident({ id: 'now', owner: null, created_at: 0 }),
    ]
    expect(tabs(all, 'li', 'now').map((entry) => entry.id)).toEqual(['now', 'mine'])
  })
})

describe('search, times, waves', () => {
  it('finds extensions by the beginning of the number or a part of the name', () => {
    const all = [extension({ number: '2001', name: '消防一站 Fire' }), extension({ number: '1001' })]
    expect(found(all, 'fire').map((entry) => entry.number)).toEqual(['2001'])
    expect(found(all, '消防').map((entry) => entry.number)).toEqual(['2001'])
    expect(found(all, '20').map((entry) => entry.number)).toEqual(['2001'])
    expect(found(all, '2001')).toEqual([])
    expect(found(all, ' ')).toEqual([])
    expect([looksLikeNumber('+86 139-1'), looksLikeNumber('fire')]).toEqual([true, false])
  })

  it('writes durations without ever going below zero', () => {
    const texts = [-500, 0, 7_999, 65_000, 3_725_000].map(duration)
    expect(texts).toEqual(['0:00', '0:00', '0:07', '1:05', '1:02:05'])
  })

  it('says no more of an instant than is needed', () => {
    const at = (text: string) => new Date(text).getTime()
    const present = at('2026-11-22T18:00:00')
    expect(shortDateTime(at('2026-11-22T17:03:09'), present)).toBe('17:03:09')
    expect(shortDateTime(at('2026-03-01T17:03:09'), present)).toBe('03-01 17:03')
    expect(shortDateTime(at('2025-12-31T23:59:59'), present)).toBe('2025-12-31 23:59')
  })

  it('takes whole days, whatever their length', () => {
    const start = dayStart('2026-11-22') as number
    expect(dayEnd('2026-11-22')).toBe(dayStart('2026-11-23'))
    expect(new Date(start).getHours()).toBe(0)
    expect([dayStart(''), dayEnd('')]).toEqual([undefined, undefined])
  })

  it('draws silence as a line and loud as tall', () => {
    expect(
      wavePath([
        [0, 0],
        [-127, 127],
      ]),
    ).toBe('M0 126L1 0L1 254L0 128Z')
    expect(wavePath([])).toBe('')
  })
})

describe('forms', () => {
  const fields: Field[] = [
    { name: 'number', kind: 'text', fixed: true },
    { name: 'name', kind: 'text', initial: '' },
    { name: 'skill', kind: 'text', nullable: true, initial: '' },
    { name: 'tags', kind: 'tags', initial: [] },
    { name: 'password', kind: 'password', only: 'form' },
    { name: 'seen_at', kind: 'instant', only: 'table' },
  ]

  it('send a new row whole, without an empty password', () => {
    const form = { ...formOf(fields, null), number: ' 1001 ' }
    expect(bodyOf(fields, form, null)).toEqual({ number: '1001', name: '', skill: null, tags: [] })
  })

  it('send of a changed row only what differs', () => {
    const row = { number: '1001', name: 'A', skill: null, tags: ['fire'], seen_at: 5 }
    const form = formOf(fields, row)
    expect(bodyOf(fields, form, row)).toEqual({})
    expect(bodyOf(fields, { ...form, name: 'B', tags: [], password: 'x' }, row)).toEqual({
      name: 'B',
      tags: [],
      password: 'x',
    })
  })
})
