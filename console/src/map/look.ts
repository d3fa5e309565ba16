/** How everything on the map looks, on dark and on light ground. */
import type Feature from 'ol/Feature'
import { Circle, Fill, Stroke, Style, Text } from 'ol/style'
import type { CallerLocation, Thing } from '../api/map'
import type { Theme } from '../i18n/theme'
import { GROUND, LOOKS, colour } from './palette'

/** From this zoom on marks have their names. */
const NAMED = 11

export class Look {
  theme: Theme = 'dark'

  /** `zoom` tells how near the ground is; `scale` makes marks larger, for a wall. */
  constructor(
    private readonly zoom: () => number,
    private readonly scale: number,
  ) {}

  land(): Style {
    const { land, line } = GROUND[this.theme]
    return new Style({ fill: new Fill({ color: land }), stroke: new Stroke({ color: line, width: 1 }) })
  }

  file(feature: Feature): Style {
    const { line, text } = GROUND[this.theme]
    const name = String(feature.get('name') ?? '')
    return new Style({
      fill: new Fill({ color: `${line}22` }),
      stroke: new Stroke({ color: line, width: 1.5 }),
      image: new Circle({ radius: 4, fill: new Fill({ color: line }) }),
      text: new Text({ text: name, font: '14px system-ui', fill: new Fill({ color: text }) }),
    })
  }

  drawn(): Style {
    const line = colour('unit', this.theme)
    return new Style({
      fill: new Fill({ color: `${line}22` }),
      stroke: new Stroke({ color: line, width: 2.5, lineDash: [8, 5] }),
    })
  }

  thing(feature: Feature): Style[] {
    const thing = feature.get('thing') as Thing
    // The id of an incident tells nobody anything.
    return this.mark(thing.kind, thing.name || (thing.kind === 'incident' ? '' : thing.id))
  }

  caller(feature: Feature): Style | Style[] {
    const line = colour('caller', this.theme)
    if (feature.get('around')) {
      return new Style({
        fill: new Fill({ color: `${line}2b` }),
        stroke: new Stroke({ color: line, width: 2 }),
      })
    }
    const location = feature.get('location') as CallerLocation
    return this.mark('caller', location.number)
  }

  /** A sign in its circle, and near the ground its name below, where nothing else is: two names in one are none. */
  private mark(kind: keyof typeof LOOKS, name: string): Style[] {
    const { land, text } = GROUND[this.theme]
    const written = (value: string, font: string, offsetY: number, declutterMode: 'obstacle' | 'declutter') =>
      new Text({
        text: value,
        declutterMode,
        font: `${font} system-ui`,
        fill: new Fill({ color: text }),
        stroke: new Stroke({ color: land, width: 3 }),
        offsetY: offsetY * this.scale,
      })
    const size = (pixels: number) => `${Math.round(pixels * this.scale)}px`
    const image = new Circle({
      radius: 11 * this.scale,
      fill: new Fill({ color: land }),
      stroke: new Stroke({ color: colour(kind, this.theme), width: 3 * this.scale }),
      declutterMode: 'obstacle',
    })
    const sign = new Style({ image, text: written(LOOKS[kind].sign, `700 ${size(13)}`, 1, 'obstacle') })
    if (!name || this.zoom() < NAMED) return [sign]
    return [sign, new Style({ text: written(name, `600 ${size(14)}`, 22, 'declutter') })]
  }
}
