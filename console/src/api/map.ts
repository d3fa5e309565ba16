/** The map over HTTP and as the live socket shows it: where callers are, what stands where, what an area holds. */
import { query, request } from './http'
import type { Millis } from './types'

export const THING_KINDS = [
  'caller',
  'incident',
  'unit',
  'person',
  'team',
  'material',
  'hazard',
  'target',
  'camera',
] as const
export type ThingKind = (typeof THING_KINDS)[number]

/** Where the caller of a running call is; metres and degrees in WGS-84. */
export interface CallerLocation {
  call_id: string
  lon: number
  lat: number
  uncertainty: number
  source: 'address' | 'number' | 'value' | 'reference' | 'hand'
  shape: GeoJson | null
  address: string
  number: string
  incident_id: string
  at: Millis
}

export interface Thing {
  kind: ThingKind
  id: string
  lon: number
  lat: number
  name: string
  numbers: string[]
  status: string
  fix_at: Millis | null
  rested_at: Millis | null
  /** Metres. */
  distance?: number
}

export interface GeoJson {
  type: string
  coordinates: unknown
}

export type Area = { area: GeoJson } | { centre: { lon: number; lat: number }; radius: number }

export interface Inside {
  total: number
  counts: Record<string, number>
  things: Thing[]
  number_count: number
  numbers: string[]
}

export interface MapFile {
  id: string
  name: string
  note: string
  features: number
  west: number
  south: number
  east: number
  north: number
}

export interface Loaded {
  id: string
  name: string
  features: number
  left_out: number
  faults: { feature: number; message: string; message_zh?: string }[]
}

/** A campaign that was made of a message. */
export interface Messaged {
  campaign_id: string
  state: string
  people: number
}

export interface MapSettings {
  url: string
  labels: string
  coordinates: 'wgs84' | 'gcj02'
  messages: boolean
}

export interface View {
  west: number
  south: number
  east: number
  north: number
}

const path = encodeURIComponent
const post = <T>(place: string, body: object): Promise<T> => request<T>('POST', place, { body })

export const map = {
  settings: () => request<MapSettings>('GET', '/map/settings'),
  things: (view: View, kinds: readonly string[]) =>
    request<Inside>('GET', `/map/things${query({ ...view, kinds: kinds.join(',') })}`),
  inside: (area: Area, kinds: readonly string[]) => post<Inside>('/map/inside', { ...area, kinds }),
  nearest: (lon: number, lat: number, wanted: object) =>
    post<{ nearest: Thing[] }>('/map/nearest', { lon, lat, ...wanted }),
  message: (area: Area, kinds: readonly string[], text: string) =>
    post<Messaged>('/map/messages', { ...area, kinds, text }),
  locate: (callId: string, lon: number, lat: number, uncertainty: number, number: string) =>
    request<CallerLocation>('PUT', `/map/callers/${path(callId)}`, {
      body: { lon, lat, uncertainty, number },
    }),
  files: async () => (await request<{ maps: MapFile[] }>('GET', '/map/maps')).maps,
  features: (id: string, view: View) =>
    request<{ features: object[] }>('GET', `/map/maps/${path(id)}/features${query({ ...view })}`),
  upload: (file: File, name: string, coordinates: string) =>
    request<Loaded>('POST', `/map/maps/upload${query({ name, coordinates })}`, {
      file,
      timeout: 600_000,
    }),
  remove: (id: string) => request<void>('DELETE', `/map/maps/${path(id)}`),
}
