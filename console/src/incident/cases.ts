/** What is open on the page of incidents, and the tables that every incident needs. */
import { reactive, ref, shallowRef } from 'vue'
import { cases, type Grade, type IncidentType } from '../api/cases'
import { incidents } from '../api/client'
import type { Incident } from '../api/types'
import { run } from '../commands/run'
import { show } from '../frame/view'
import { language } from '../i18n'
import { live } from '../live/store'

export const TABS = ['timeline', 'form', 'orders', 'reports', 'joins'] as const
export type Tab = (typeof TABS)[number]

export const filter = reactive({ text: '', status: '', type: '', grade: 0 })
export const chosen = ref<string | null>(null)
export const tab = ref<Tab>('timeline')
export const types = shallowRef<IncidentType[]>([])
export const grades = shallowRef<Grade[]>([])

export async function loadKinds(): Promise<void> {
  if (types.value.length) return
  types.value = (await run('types', cases.types)) ?? []
  grades.value = (await run('grades', cases.grades)) ?? []
}

export function openCase(id: string): void {
  chosen.value = id
  show('incidents')
}

/** An incident that is worked on is in the picture; any other is fetched. */
export async function readCase(id: string): Promise<Incident | null> {
  return live.incident.get(id) ?? (await run(`case:${id}`, () => incidents.one(id))) ?? null
}

interface Named {
  name_zh: string
  name_en: string
}
export const nameOf = (one: Named): string =>
  language.value === 'zh' ? one.name_zh : one.name_en || one.name_zh
export function typeName(code: string): string {
  const found = types.value.find((one) => one.code === code)
  return found ? nameOf(found) : code
}
export function gradeName(grade: number): string {
  const found = grades.value.find((one) => one.grade === grade)
  return found ? nameOf(found) : ''
}
