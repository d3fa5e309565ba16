/** Colours of what stands on the map, on dark and on light ground; each kind has a letter too. */
import type { ThingKind } from '../api/map'
import type { Theme } from '../i18n/theme'

interface Look {
  dark: string
  light: string
  /** A sign that is told without colour. */
  sign: string
}

export const LOOKS: Record<ThingKind, Look> = {
  caller: { dark: '#ff6b61', light: '#c01f1f', sign: '☎' },
  incident: { dark: '#ffb833', light: '#a85a00', sign: '!' },
  unit: { dark: '#5badff', light: '#0a5fc2', sign: '▲' },
  person: { dark: '#3fd07a', light: '#0f7a3a', sign: '●' },
  team: { dark: '#7adfc9', light: '#0c7463', sign: '◆' },
  material: { dark: '#c9a7ff', light: '#6a36b8', sign: '■' },
  hazard: { dark: '#ff9d5c', light: '#b34700', sign: '✖' },
  target: { dark: '#8fd0ff', light: '#155a8a', sign: '★' },
  camera: { dark: '#d0d8e0', light: '#44535f', sign: '◉' },
}

export const colour = (kind: ThingKind, theme: Theme): string => LOOKS[kind][theme]

/** Ground and lines of the base map. */
export const GROUND: Record<Theme, { sea: string; land: string; line: string; text: string }> = {
  dark: { sea: '#0b1622', land: '#1b2733', line: '#42586c', text: '#f0f4f8' },
  light: { sea: '#d7e6f2', land: '#f4f1e8', line: '#8b9aa8', text: '#0e151c' },
}
