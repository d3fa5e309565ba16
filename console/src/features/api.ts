/** The HTTP API of night service, camp-on and intercom, one function a route. */
import { request } from '../api/http'
import type { Camp, Night, NightMode, NightPeriod } from './types'

const path = encodeURIComponent

export interface NightTable {
  targets: string[]
  periods: NightPeriod[]
  lines: Record<string, string>
}

export const features = {
  nightMode: (mode: NightMode) => request<Night>('PUT', '/night/mode', { body: { mode } }),
  setNight: (body: NightTable) => request<Night>('PUT', '/night', { body }),
  camp: (target: string) => request<Camp>('POST', '/camps', { body: { target } }),
  cancelCamp: (id: string) => request<Camp>('DELETE', `/camps/${path(id)}`),
  intercom: (to: string) => request<{ call_id: string }>('POST', '/intercom', { body: { to } }),
  allowIntercom: (extension: string, allowed: boolean) =>
    request('PUT', `/intercom/${path(extension)}`, { body: { allowed } }),
}
