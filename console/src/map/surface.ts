/** The OpenLayers map: its layers, drawing on it, and what was clicked. Knows nothing of Vue or of the server. */
import Feature from 'ol/Feature'
import OlMap from 'ol/Map'
import View from 'ol/View'
import { ScaleLine } from 'ol/control'
import { defaults as controls } from 'ol/control/defaults'
import GeoJSON from 'ol/format/GeoJSON'
import { Circle as CircleGeometry, Point, Polygon } from 'ol/geom'
import { circular } from 'ol/geom/Polygon'
import Draw from 'ol/interaction/Draw'
import TileLayer from 'ol/layer/Tile'
import VectorLayer from 'ol/layer/Vector'
import { fromLonLat, toLonLat, transformExtent } from 'ol/proj'
import VectorSource from 'ol/source/Vector'
import XYZ from 'ol/source/XYZ'
import type { Style } from 'ol/style'
import type { Area, CallerLocation, MapSettings, Thing, View as Box } from '../api/map'
import type { Theme } from '../i18n/theme'
import { circleArea, polygonArea, viewOf } from './geometry'
import { gcj02Projection } from './gcj02'
import { Look } from './look'
import { GROUND } from './palette'

const START = { center: fromLonLat([104.78, 29.34]), zoom: 9 }
/** The layers whose names give way to each other and to every mark; no mark gives way. */
const MARKS = 'marks'
const DEGREES = { featureProjection: 'EPSG:3857', dataProjection: 'EPSG:4326' }

export type DrawKind = 'Polygon' | 'Circle'

/** The tiles that the operator has set, with the names above them. */
export function addGround(surface: Surface, { url, labels, coordinates }: MapSettings): void {
  if (url) surface.addTiles(url, 1, coordinates)
  if (labels) surface.addTiles(labels, 2, coordinates)
}

export class Surface {
  private readonly world = new VectorSource()
  private readonly files = new VectorSource()
  private readonly things = new VectorSource()
  private readonly callers = new VectorSource()
  private readonly drawn = new VectorSource()
  private readonly format = new GeoJSON(DEGREES)
  private readonly map: OlMap
  private draw: Draw | null = null
  private readonly look: Look

  /** Without `labels` nobody moves it: no buttons, keys or pointer. `scale` makes marks larger, for a wall. */
  constructor(target: HTMLElement, labels: { zoomIn: string; zoomOut: string } | null, scale = 1) {
    const look = new Look(() => this.map.getView().getZoom() ?? 0, scale)
    this.look = look
    const layer = (source: VectorSource, style: (feature: Feature) => Style | Style[], declutter?: string) =>
      new VectorLayer({ source, style: (feature) => style(feature as Feature), declutter })
    this.map = new OlMap({
      target,
      layers: [
        layer(this.world, () => look.land()),
        layer(this.files, (feature) => look.file(feature)),
        layer(this.drawn, () => look.drawn()),
        layer(this.things, (feature) => look.thing(feature), MARKS),
        layer(this.callers, (feature) => look.caller(feature), MARKS),
      ],
      view: new View({ ...START, minZoom: 2, maxZoom: 20 }),
      controls: controls({
        attribution: false,
        rotate: false,
        zoom: labels !== null,
        zoomOptions: { zoomInTipLabel: labels?.zoomIn, zoomOutTipLabel: labels?.zoomOut },
      }).extend([new ScaleLine()]),
      ...(labels ? {} : { interactions: [] }),
    })
  }

  close(): void {
    this.map.setTarget(undefined)
    this.map.dispose()
  }

  setTheme(theme: Theme): void {
    this.look.theme = theme
    const target = this.map.getTargetElement()
    if (target) target.style.background = GROUND[theme].sea
    for (const source of [this.world, this.files, this.things, this.callers, this.drawn]) source.changed()
  }

  /** The world's outline, or any GeoJSON, under everything. */
  setWorld(geojson: object): void {
    this.world.clear()
    this.world.addFeatures(this.format.readFeatures(geojson))
  }

  /** Tiles of a server that the operator has set; they lie over the outline. */
  addTiles(url: string, at: number, coordinates: MapSettings['coordinates']): void {
    const projection = coordinates === 'gcj02' ? gcj02Projection() : undefined
    this.map.getLayers().insertAt(at, new TileLayer({ source: new XYZ({ url, wrapX: false, projection }) }))
  }

  setFiles(collections: object[]): void {
    this.files.clear()
    for (const each of collections) this.files.addFeatures(this.format.readFeatures(each))
  }

  setThings(things: readonly Thing[]): void {
    this.things.clear()
    this.things.addFeatures(
      things.map((thing) => new Feature({ geometry: new Point(fromLonLat([thing.lon, thing.lat])), thing })),
    )
  }

  /** Callers, each with the ground on which it may be. */
  setCallers(locations: readonly CallerLocation[]): void {
    this.callers.clear()
    for (const location of locations) {
      const place = [location.lon, location.lat]
      const told = location.shape ? this.format.readGeometry(location.shape) : null
      const around =
        told ?? circular(place, Math.max(location.uncertainty, 1)).transform('EPSG:4326', 'EPSG:3857')
      this.callers.addFeature(new Feature({ geometry: around, around: true }))
      this.callers.addFeature(new Feature({ geometry: new Point(fromLonLat(place)), location }))
    }
  }

  /** What the screen shows, in degrees. */
  box(): Box {
    const extent = this.map.getView().calculateExtent(this.map.getSize())
    return viewOf(transformExtent(extent, 'EPSG:3857', 'EPSG:4326'))
  }

  onMoved(handler: () => void): void {
    this.map.on('moveend', handler)
  }

  onResized(handler: () => void): void {
    this.map.on('change:size', handler)
  }

  onClick(handler: (lon: number, lat: number, thing: Thing | null) => void): void {
    this.map.on('singleclick', (event) => {
      if (this.draw) return
      const hit = this.map.forEachFeatureAtPixel(event.pixel, (feature) => feature.get('thing') as Thing, {
        hitTolerance: 6,
      })
      const [lon = 0, lat = 0] = toLonLat(event.coordinate)
      handler(lon, lat, hit ?? null)
    })
  }

  show(lon: number, lat: number, zoom = 15): void {
    this.map.getView().animate({ center: fromLonLat([lon, lat]), zoom, duration: 200 })
  }

  /** Bring a box into view, with so many pixels around it. */
  fit(box: Box, margin = 40): void {
    const extent = transformExtent([box.west, box.south, box.east, box.north], 'EPSG:4326', 'EPSG:3857')
    this.map.getView().fit(extent, { padding: [margin, margin, margin, margin], maxZoom: 16 })
  }

  /** Draw one shape; the former one goes. */
  begin(kind: DrawKind, done: (area: Area) => void): void {
    this.stop()
    const draw = new Draw({ source: this.drawn, type: kind })
    draw.on('drawstart', () => this.drawn.clear())
    draw.on('drawend', (event) => {
      const geometry = event.feature.getGeometry()
      // Only after the click that ended it: it must not count as a click on the map.
      setTimeout(() => this.stop())
      if (geometry instanceof CircleGeometry) done(this.circle(geometry))
      else if (geometry instanceof Polygon) {
        done(polygonArea(geometry.clone().transform('EPSG:3857', 'EPSG:4326').getCoordinates()))
      }
    })
    this.draw = draw
    this.map.addInteraction(draw)
  }

  stop(): void {
    if (this.draw) this.map.removeInteraction(this.draw)
    this.draw = null
  }

  clear(): void {
    this.stop()
    this.drawn.clear()
  }

  /** Draw what was typed: a circle around the middle of the screen. */
  circleHere(radius: number): Area {
    const [lon = 0, lat = 0] = toLonLat(this.map.getView().getCenter() ?? START.center)
    const ring = circular([lon, lat], radius, 64).transform('EPSG:4326', 'EPSG:3857')
    this.drawn.clear()
    this.drawn.addFeature(new Feature({ geometry: ring }))
    return { centre: { lon, lat }, radius }
  }

  private circle(geometry: CircleGeometry): Area {
    const centre = geometry.getCenter()
    const edge = [(centre[0] ?? 0) + geometry.getRadius(), centre[1] ?? 0]
    return circleArea(toLonLat(centre), toLonLat(edge))
  }
}
