/**
 * GCJ-02, the shifted coordinates of maps published in mainland China, as a projection of the map: tiles drawn in
 * it are put where WGS-84 has them, so that callers, units and incidents stand on the right street. The series are
 * those of `softswitch/layers/gis/gcj02.py`. Pure but for telling OpenLayers of the projection.
 */
import { addCoordinateTransforms, addProjection, fromLonLat, get, toLonLat } from 'ol/proj'
import Projection from 'ol/proj/Projection'

/** Semi-major axis of Krasovsky 1940 in metres, and its first eccentricity, squared. */
const AXIS = 6_378_245
const ECCENTRICITY = 0.00669342162296594323
const [WEST, EAST, SOUTH, NORTH] = [72.004, 137.8347, 0.8293, 55.8271] as const
/** Degrees: a hundredth of a millimetre. */
const CLOSE_ENOUGH = 1e-10
const MOST_ROUNDS = 30

type Point = [lon: number, lat: number]
const { sin, cos, sqrt, abs, PI } = Math

const hasShift = (lon: number, lat: number) => lon >= WEST && lon <= EAST && lat >= SOUTH && lat <= NORTH
const waves = (x: number) => ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3

function metresNorth(x: number, y: number): number {
  const base = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves(x)
  const near = ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3
  return base + near + ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3
}

function metresEast(x: number, y: number): number {
  const base = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves(x)
  const near = ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3
  return base + near + ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3
}

/** The shift in degrees to the east and to the north. */
function shift(lon: number, lat: number): Point {
  const [x, y] = [lon - 105, lat - 35]
  const flat = (lat * PI) / 180
  const curved = 1 - ECCENTRICITY * sin(flat) ** 2
  const east = metresEast(x, y) / ((AXIS / sqrt(curved)) * cos(flat))
  const north = metresNorth(x, y) / ((AXIS * (1 - ECCENTRICITY)) / (curved * sqrt(curved)))
  return [(east * 180) / PI, (north * 180) / PI]
}

export function fromWgs84(lon: number, lat: number): Point {
  if (!hasShift(lon, lat)) return [lon, lat]
  const [east, north] = shift(lon, lat)
  return [lon + east, lat + north]
}

/** The shift has no closed inverse: it is taken off again and again, which converges in about five rounds. */
export function toWgs84(lon: number, lat: number): Point {
  if (!hasShift(lon, lat)) return [lon, lat]
  let found: Point = [lon, lat]
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const [east, north] = shift(...found)
    const wrong: Point = [found[0] + east - lon, found[1] + north - lat]
    found = [found[0] - wrong[0], found[1] - wrong[1]]
    if (abs(wrong[0]) < CLOSE_ENOUGH && abs(wrong[1]) < CLOSE_ENOUGH) break
  }
  return found
}

const CODE = 'GCJ-02'

/** Web Mercator upon GCJ-02: what tiles of such a server are drawn in. */
export function gcj02Projection(): Projection {
  const known = get(CODE)
  if (known) return known
  const mercator = get('EPSG:3857')
  const made = new Projection({ code: CODE, units: 'm', extent: mercator?.getExtent() ?? undefined })
  addProjection(made)
  const through = (change: (lon: number, lat: number) => Point) => (coordinate: number[]) => {
    const [lon = 0, lat = 0] = toLonLat(coordinate)
    return fromLonLat(change(lon, lat))
  }
  addCoordinateTransforms('EPSG:3857', made, through(fromWgs84), through(toWgs84))
  return made
}
