import { expect, it } from 'vitest'
import { reachable } from '../src/phone/decide'

it('is answered with an address that sound can be sent to', () => {
  const host = (transport: string, address: string) =>
    `candidate:3294634959 1 ${transport} 2122194687 ${address} 34918 typ host generation 0`
  expect(reachable(host('udp', '10.0.0.5'))).toBe(true)
  expect(reachable(host('UDP', '2001:db8::5'))).toBe(true)
  expect(reachable(host('tcp', '10.0.0.5'))).toBe(false)
  expect(reachable(host('udp', '9b36-4f.local'))).toBe(false)
})
