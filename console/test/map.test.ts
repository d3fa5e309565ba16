import { fromLonLat, toLonLat, transform } from 'ol/proj'
import { describe, expect, it } from 'vitest'
import { fromWgs84, gcj02Projection, toWgs84 } from '../src/map/gcj02'
import { distance, polygonOf } from '../src/map/geometry'

/** What `softswitch.layers.gis.gcj02` gives for the same points. */
const KNOWN = [
  [104.7734, 29.339, 104.77609609287016, 29.336145168248816],
  [116.3913, 39.9075, 116.39754118159271, 39.90890127616531],
  [87.6168, 43.8256, 87.61964994946926, 43.82680539311119],
  [2.35, 48.85, 2.35, 48.85],
] as const

describe('GCJ-02', () => {
  it.each(KNOWN)('shifts %f, %f as the server does, and back', (lon, lat, east, north) => {
    const [x, y] = fromWgs84(lon, lat)
    expect(x).toBeCloseTo(east, 9)
    expect(y).toBeCloseTo(north, 9)
    const [backLon, backLat] = toWgs84(x, y)
    expect(backLon).toBeCloseTo(lon, 9)
    expect(backLat).toBeCloseTo(lat, 9)
  })

  it('is a projection in which a tile of Beijing lies 500 metres away from where it is drawn', () => {
    const there = transform(fromLonLat([116.3913, 39.9075]), 'EPSG:3857', gcj02Projection())
    const [lon = 0, lat = 0] = toLonLat(there)
    expect(distance(116.3913, 39.9075, lon, lat)).toBeGreaterThan(500)
    expect(toLonLat(transform(there, gcj02Projection(), 'EPSG:3857'))[0]).toBeCloseTo(116.3913, 7)
  })
})

describe('an area for what takes polygons only', () => {
  it('keeps a polygon', () => {
    const area = { type: 'Polygon', coordinates: [[[1, 2]]] }
    expect(polygonOf({ area })).toBe(area)
  })

  it('gives a circle corners that all lie on it, and closes the ring', () => {
    const { coordinates } = polygonOf({ centre: { lon: 104.77, lat: 29.33 }, radius: 5000 })
    const [ring = []] = coordinates as number[][][]
    expect(ring[0]).toEqual(ring.at(-1))
    for (const [lon = 0, lat = 0] of ring) expect(distance(104.77, 29.33, lon, lat)).toBeCloseTo(5000, 3)
  })
})
