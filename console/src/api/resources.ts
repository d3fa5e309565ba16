/** Contacts and resources over HTTP. */
import type { ImportReport } from './admin'
import type { Page } from '../ui/whole'
import { query, request } from './http'
import type { Millis } from './types'

export const RESOURCE_KINDS = ['person', 'unit', 'team', 'material', 'hazard', 'target', 'camera'] as const
export const RESOURCE_STATES = ['free', 'assigned', 'resting', 'out'] as const
export type ResourceKind = (typeof RESOURCE_KINDS)[number]
export type ResourceState = (typeof RESOURCE_STATES)[number]

export interface Resource {
  code: string
  kind: ResourceKind
  name: string
  /** In the order in which they are called. */
  numbers: string[]
  lon: number | null
  lat: number | null
  address: string
  status: ResourceState
  rested_at: Millis | null
  team: string
  amount: string
  note: string
  version: number
}

export interface Wanted {
  kind?: string
  status?: string
  query?: string
  /** The place of the first one in the whole list. */
  offset: number
  limit: number
}

const path = encodeURIComponent

export const resources = {
  page: async (wanted: Wanted): Promise<Page<Resource>> => {
    const found = await request<{ resources: Resource[]; count: number }>(
      'GET',
      `/resources${query({ ...wanted })}`,
    )
    return { rows: found.resources, count: found.count }
  },
  add: (body: object) => request<Resource>('POST', '/resources', { body }),
  change: (code: string, body: object) => request<Resource>('PATCH', `/resources/${path(code)}`, { body }),
  remove: (code: string) => request<void>('DELETE', `/resources/${path(code)}`),
  import: (file: Blob, dryRun: boolean) =>
    request<ImportReport>('POST', `/resources/import${query({ dry_run: dryRun ? '1' : null })}`, {
      csv: file,
      timeout: 600_000,
    }),
}
