/** The form of a resource: texts as they are typed, and what they mean. Pure. */
import type { Resource, ResourceKind, ResourceState } from '../api/resources'

export interface Form {
  code: string
  kind: ResourceKind
  status: ResourceState
  name: string
  numbers: string
  lon: string
  lat: string
  address: string
  team: string
  amount: string
  note: string
}

export function formOf(row: Resource | null): Form {
  return {
    code: row?.code ?? '',
    kind: row?.kind ?? 'unit',
    status: row?.status ?? 'free',
    name: row?.name ?? '',
    numbers: (row?.numbers ?? []).join(' '),
    lon: row?.lon == null ? '' : String(row.lon),
    lat: row?.lat == null ? '' : String(row.lat),
    address: row?.address ?? '',
    team: row?.team ?? '',
    amount: row?.amount ?? '',
    note: row?.note ?? '',
  }
}

/** What is sent; with a row also its version, so that nobody overwrites another in silence. */
export function bodyOf(form: Form, row: Resource | null): object {
  const { code, lon, lat, numbers, ...texts } = form
  const body = {
    ...texts,
    numbers: numbers.split(/[\s,;，；、]+/).filter(Boolean),
    lon: lon.trim() === '' ? null : Number(lon),
    lat: lat.trim() === '' ? null : Number(lat),
  }
  return row ? { ...body, version: row.version } : { ...body, code: code.trim() }
}
