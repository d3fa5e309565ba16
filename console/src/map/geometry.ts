/** Shapes between the screen (Web Mercator) and the server (WGS-84). Pure. */
import type { Area, GeoJson } from '../api/map'

/** Metres between two points in degrees, on the sphere: what a circle on the screen stands for. */
export function distance(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const rad = Math.PI / 180
  const dLat = Math.sin(((lat2 - lat1) * rad) / 2)
  const dLon = Math.sin(((lon2 - lon1) * rad) / 2)
  const part = dLat * dLat + Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * dLon * dLon
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(part)))
}

/** A length as people read it. */
export function metres(value: number): string {
  return value < 1000 ? `${Math.round(value)} m` : `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} km`
}

/** What was drawn, as the server takes it. */
export function circleArea(centre: readonly number[], edge: readonly number[]): Area {
  const [lon = 0, lat = 0] = centre
  const [lon2 = 0, lat2 = 0] = edge
  return { centre: { lon, lat }, radius: Math.max(1, distance(lon, lat, lon2, lat2)) }
}

export function polygonArea(coordinates: unknown): Area {
  return { area: { type: 'Polygon', coordinates } satisfies GeoJson }
}

/** The extent of the screen inside the world, so that a wide screen asks for the whole of it. */
export function viewOf(extent: readonly number[]) {
  const [west = -180, south = -90, east = 180, north = 90] = extent
  const clamp = (value: number, most: number) => Math.max(-most, Math.min(most, value))
  return { west: clamp(west, 180), south: clamp(south, 90), east: clamp(east, 180), north: clamp(north, 90) }
}
