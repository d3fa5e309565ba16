/** The connection to `/api/live`: connects again by itself, and notices a server that fell silent. */
import { SILENCE_LIMIT, backoff, parseMessage, type Message } from './protocol'

export interface SocketHandlers {
  message(message: Message): void
  /** `lastHeard` is the local time of the last frame; `attempt` counts failed connections. */
  open(): void
  closed(attempt: number, code: number): void
}

export class LiveSocket {
  private socket: WebSocket | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private silence: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  private stopped = true

  constructor(
    private readonly url: string,
    private readonly handlers: SocketHandlers,
  ) {}

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    addEventListener('online', this.retryNow)
    this.connect()
  }

  stop(): void {
    this.stopped = true
    removeEventListener('online', this.retryNow)
    clearTimeout(this.timer)
    clearTimeout(this.silence)
    this.socket?.close()
    this.socket = null
  }

  /** Ask for a fresh snapshot: a new connection always begins with one. */
  restart(): void {
    this.socket?.close()
  }

  private readonly retryNow = (): void => {
    if (this.stopped || this.socket) return
    clearTimeout(this.timer)
    this.connect()
  }

  private connect(): void {
    const socket = new WebSocket(this.url)
    this.socket = socket
    this.listenForSilence()
    socket.onopen = () => {
      this.handlers.open()
    }
    socket.onmessage = (event) => {
      if (this.socket === socket) this.receive(event)
    }
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code)
    }
  }

  private receive(event: MessageEvent): void {
    this.attempt = 0
    this.listenForSilence()
    const message = typeof event.data === 'string' ? parseMessage(event.data) : null
    if (message) this.handlers.message(message)
  }

  private lost(code: number): void {
    this.socket = null
    clearTimeout(this.silence)
    this.handlers.closed(++this.attempt, code)
    if (this.stopped) return
    this.timer = setTimeout(() => this.connect(), backoff(this.attempt - 1, Math.random()))
  }

  private listenForSilence(): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => {
      // close() waits for the peer's closing frame; a dead peer sends none, so treat it as lost at once.
      const socket = this.socket
      if (!socket) return
      socket.onclose = null
      socket.close()
      this.lost(1006)
    }, SILENCE_LIMIT)
  }
}
