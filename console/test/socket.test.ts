import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SILENCE_LIMIT } from '../src/live/protocol'
import { LiveSocket } from '../src/live/socket'

/** The browser's WebSocket as far as the live socket uses it; a test plays the server. */
class Wire {
  static all: Wire[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  closed = false

  constructor(readonly url: string) {
    Wire.all.push(this)
  }

  close(): void {
    this.closed = true
    this.onclose?.({ code: 1000 })
  }
}

const heard: string[] = []
const socket = () =>
  new LiveSocket('ws://here/api/live', {
    message: (message) => heard.push(message.type),
    open: () => heard.push('open'),
    closed: (attempt, code) => heard.push(`closed ${attempt} ${code}`),
  })
const last = (): Wire => Wire.all.at(-1) as Wire

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0)
  vi.stubGlobal('WebSocket', Wire)
  vi.stubGlobal('addEventListener', () => undefined)
  vi.stubGlobal('removeEventListener', () => undefined)
  Wire.all = []
  heard.length = 0
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe('the live socket', () => {
  it('connects again by itself, ever more slowly, and quickly again once it was up', () => {
    socket().start()
    for (const wait of [250, 500, 1000]) {
      last().onclose?.({ code: 1006 })
      const before = Wire.all.length
      vi.advanceTimersByTime(wait - 1)
      expect(Wire.all.length).toBe(before)
      vi.advanceTimersByTime(1)
      expect(Wire.all.length).toBe(before + 1)
    }
    last().onmessage?.({ data: '{"type":"ping"}' })
    last().onclose?.({ code: 1006 })
    vi.advanceTimersByTime(250)
    expect(Wire.all.length).toBe(5)
    expect(heard.at(-1)).toBe('closed 1 1006')
  })

  it('takes a server that fell silent for lost, although the connection stands', () => {
    socket().start()
    last().onmessage?.({ data: '{"type":"ping"}' })
    vi.advanceTimersByTime(SILENCE_LIMIT - 1)
    expect(heard).toEqual(['ping'])
    vi.advanceTimersByTime(1)
    expect(heard).toEqual(['ping', 'closed 1 1006'])
    vi.advanceTimersByTime(250)
    expect(Wire.all.length).toBe(2)
  })

  it('passes over what is no message and what an old connection still says', () => {
    socket().start()
    const old = last()
    old.onmessage?.({ data: 'noise' })
    old.onmessage?.({ data: new ArrayBuffer(1) })
    old.onclose?.({ code: 1006 })
    vi.advanceTimersByTime(250)
    old.onmessage?.({ data: '{"type":"ping"}' })
    expect(heard).toEqual(['closed 1 1006'])
  })

  it('stays closed when it was stopped', () => {
    const stopped = socket()
    stopped.start()
    stopped.stop()
    vi.advanceTimersByTime(60_000)
    expect(Wire.all.length).toBe(1)
    expect(Wire.all[0]?.closed).toBe(true)
  })
})
