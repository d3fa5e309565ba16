/** Shapes between the screen (Web Mercator) and the server (WGS-84). Pure. */
import type { Area, GeoJson } from '../api/map'

/** The mean radius of the earth, in metres. */
const RADIUS = 6_371_008.8

/** Metres between two points in degrees, on the sphere: what a circle on the screen stands for. */
export function distance(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const rad = Math.PI / 180
  const dLat = Math.sin(((lat2 - lat1) * rad) / 2)
  const dLon = Math.sin(((lon2 - lon1) * rad) / 2)
  const part = dLat * dLat + Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * dLon * dLon
  return 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(part)))
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

const CORNERS = 64

/** An area as a polygon: what takes no circle gets one with many corners, on the sphere. */
export function polygonOf(area: Area): GeoJson {
  if ('area' in area) return area.area
  const { lon, lat } = area.centre
  const ring = Array.from({ length: CORNERS }, (_, corner) =>
    pointAt(lon, lat, area.radius, (2 * Math.PI * corner) / CORNERS),
  )
  return { type: 'Polygon', coordinates: [[...ring, ring[0]]] }
}

/** The point some metres away from another; `bearing` in radians, against the clock from the east. */
function pointAt(lon: number, lat: number, metres: number, bearing: number): [number, number] {
  const rad = Math.PI / 180
  const far = metres / RADIUS
  const north = Math.asin(
    Math.sin(lat * rad) * Math.cos(far) + Math.cos(lat * rad) * Math.sin(far) * Math.sin(bearing),
  )
  const across = Math.cos(bearing) * Math.sin(far) * Math.cos(lat * rad)
  const east = Math.atan2(across, Math.cos(far) - Math.sin(lat * rad) * Math.sin(north))
  return [lon + east / rad, north / rad]
}

/** The extent of the screen inside the world, so that a wide screen asks for the whole of it. */
export function viewOf(extent: readonly number[]) {
  const [west = -180, south = -90, east = 180, north = 90] = extent
  const clamp = (value: number, most: number) => Math.max(-most, Math.min(most, value))
  return { west: clamp(west, 180), south: clamp(south, 90), east: clamp(east, 180), north: clamp(north, 90) }
}

/** The corners of what stands on the map; `null` when there is nothing. */
export function around(places: readonly { lon: number; lat: number }[]) {
  if (!places.length) return null
  const lons = places.map((place) => place.lon)
  const lats = places.map((place) => place.lat)
  return {
    west: Math.min(...lons),
    south: Math.min(...lats),
    east: Math.max(...lons),
    north: Math.max(...lats),
  }
}
