/** The outline of the land (Natural Earth, public domain), from a package: nothing is loaded from elsewhere. */
import { feature } from 'topojson-client'
import type { Topology } from 'topojson-specification'

export async function world(): Promise<object> {
  const topology = (await import('world-atlas/land-50m.json')).default as unknown as Topology
  const land = topology.objects.land
  return land ? feature(topology, land) : { type: 'FeatureCollection', features: [] }
}
