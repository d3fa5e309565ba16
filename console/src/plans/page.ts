/** What is open on the page of plans, and what a plan is to be started on; both stay while other pages are looked at. */
import { reactive, ref } from 'vue'
import type { GeoJson } from '../api/map'
import type { Incident } from '../api/types'
import { show } from '../frame/view'
import { wordFor } from '../i18n'

export const NEW = '+plan'
export const TABS = ['plans', 'runs'] as const
export const tab = ref<(typeof TABS)[number]>('plans')
export const chosen = ref<string | null>(null)
export const chosenRun = ref<string | null>(null)

interface Ground {
  /** The id of the incident; empty: none. */
  incident: string
  /** What was drawn on the map, and how many numbers were inside then. */
  area: GeoJson | null
  inside: number
}

export const ground = reactive<Ground>({ incident: '', area: null, inside: 0 })

function choosePlan(): void {
  tab.value = 'plans'
  show('plans')
}

/** The page of plans, to start one on an incident. */
export function planFor(incident: Pick<Incident, 'id'>): void {
  Object.assign(ground, { incident: incident.id, area: null, inside: 0 })
  choosePlan()
}

/** The page of plans, to start one on an area; the incident that was chosen before stays. */
export function planOn(area: GeoJson, inside: number): void {
  Object.assign(ground, { area, inside })
  choosePlan()
}

export function forgetGround(): void {
  Object.assign(ground, { incident: '', area: null, inside: 0 })
}

export function openRun(id: string): void {
  tab.value = 'runs'
  chosenRun.value = id
}

/** Why somebody is not reached, in words. */
export const whyText = (why: string): string => wordFor(why, 'plans.why')
