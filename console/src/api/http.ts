/** One fetch wrapper: JSON in and out, and every refusal as the same `ApiError`. */

/** A refusal of the server, or `unreachable` when no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly nextStep: string = '',
    readonly field: string | null = null,
    /** The same two sentences in Chinese. */
    readonly chinese: readonly [message: string, next: string] | null = null,
  ) {
    super(message)
  }

  get unreachable(): boolean {
    return this.status === 0
  }
}

interface ErrorShape {
  error?: {
    code?: string
    message?: string
    next_step?: string
    message_zh?: string
    next_step_zh?: string
    field?: string
  }
}

/** Read the error shape out of an answer; whatever it is, the result can be shown. */
export function errorFrom(status: number, body: unknown): ApiError {
  const error = (body as ErrorShape | null)?.error
  if (!error?.code) return new ApiError(status, 'unexpected_answer', `HTTP ${status}`)
  const { code, message = '', next_step: next = '', field = null } = error
  const chinese =
    error.message_zh === undefined ? null : ([error.message_zh, error.next_step_zh ?? ''] as const)
  return new ApiError(status, code, message, next, field, chinese)
}

export interface RequestOptions {
  body?: unknown
  /** A file of rows; its encoding is the server's business. */
  csv?: Blob
  /** Any other file; what it is, the server tells by its content. */
  file?: Blob
  idempotencyKey?: string
  timeout?: number
}

let whenSignedOut: () => void = () => undefined
/** Difference between the server's clock and this machine's, in milliseconds; 0 below two seconds. */
let clockOffset = 0

export function onSignedOut(handler: () => void): void {
  whenSignedOut = handler
}

export function serverNow(): number {
  return Date.now() + clockOffset
}

function learnClock(answer: Response): void {
  const date = Date.parse(answer.headers.get('date') ?? '')
  if (Number.isNaN(date)) return
  // The header counts whole seconds, so half a second is the fairest guess.
  const offset = date + 500 - Date.now()
  clockOffset = Math.abs(offset) < 2000 ? 0 : offset
}

function requestInit(method: string, options: RequestOptions): RequestInit {
  const headers: Record<string, string> = { 'X-Softswitch': '1', Accept: 'application/json' }
  if (options.idempotencyKey) headers['Idempotency-Key'] = options.idempotencyKey
  let body: string | Blob | undefined
  if (options.csv) {
    headers['Content-Type'] = 'text/csv'
    body = options.csv
  } else if (options.file) {
    headers['Content-Type'] = 'application/octet-stream'
    body = options.file
  } else if (method !== 'GET') {
    headers['Content-Type'] = 'application/json'
    body = JSON.stringify(options.body ?? {})
  }
  const signal = AbortSignal.timeout(options.timeout ?? 10_000)
  return { method, headers, body, signal, credentials: 'same-origin', cache: 'no-store' }
}

async function bodyOf(answer: Response): Promise<unknown> {
  const text = await answer.text()
  try {
    return text ? JSON.parse(text) : null
  } catch {
    return null
  }
}

/** Send one request. Throws `ApiError`, never anything else. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(`/api${path}`, requestInit(method, options))
  } catch {
    throw new ApiError(0, 'server_unreachable', '')
  }
  learnClock(answer)
  const body = await bodyOf(answer)
  if (answer.ok) return body as T
  if (answer.status === 401 && path !== '/login') whenSignedOut()
  throw errorFrom(answer.status, body)
}

/** Build `?a=1&b=2` out of the values that are set. */
export function query(values: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `?${text}` : ''
}
