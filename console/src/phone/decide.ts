/** What the browser phone decides: where it registers, which ringing call it answers by itself. Pure. */
import type { PhoneConfig } from '../api/types'

type Header = (name: string) => string | undefined

/**
 * True when the switch says that the dispatcher already pressed a key for this call: `answer-after=0` in
 * Call-Info (RFC 3261 clause 20.9, as desk phones use it), or `info=alert-autoanswer` / `auto-answer` in
 * Alert-Info, or Answer-Mode: Auto (RFC 5373).
 */
export function wantsAutoAnswer(header: Header): boolean {
  if (/;\s*answer-after\s*=\s*0*\d/i.test(header('Call-Info') ?? '')) return true
  if (/auto-?answer/i.test(header('Alert-Info') ?? '')) return true
  return /^\s*auto\b/i.test(header('Answer-Mode') ?? '')
}

/** Where the switch takes SIP over WebSocket (RFC 7118): on the host of this page, secure when the page is. */
export function socketUrl(
  config: Pick<PhoneConfig, 'ws_port' | 'wss_port' | 'ws_path'>,
  page: Pick<Location, 'protocol' | 'hostname'>,
): string {
  return page.protocol === 'https:'
    ? `wss://${page.hostname}:${config.wss_port}${config.ws_path}`
    : `ws://${page.hostname}:${config.ws_port}${config.ws_path}`
}

/**
 * Whether a candidate says where the switch can send sound: a `.local` name tells it nothing, and as long as there
 * is only a TCP one the description names the address 0.0.0.0, which the switch takes for a call on hold.
 */
export function reachable(candidate: string): boolean {
  return / udp /i.test(candidate) && !/\.local\b/.test(candidate)
}
