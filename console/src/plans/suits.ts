/** Which plans are for an incident, and at which level: the server's own rule, for the order of the list. Pure. */
import type { PlanBody, PlanLevel, PlanTrigger } from '../api/plans'

interface Told {
  type: string
  grade: number
  address: string | null
}

/** Types match by their beginning; a condition that the incident says nothing about does not match. */
export function suits(trigger: PlanTrigger | null | undefined, incident: Told): boolean {
  if (!trigger) return false
  const { types = [], grades = [], areas = [] } = trigger
  if (types.length && !types.some((type) => incident.type.startsWith(type))) return false
  if (grades.length && !grades.includes(incident.grade)) return false
  return !areas.length || areas.some((area) => (incident.address ?? '').includes(area))
}

/** The level that names the grade, else the first that names none. */
export function levelFor(plan: PlanBody, grade: number): PlanLevel | undefined {
  return (
    plan.levels.find((level) => level.grades?.includes(grade)) ??
    plan.levels.find((level) => !level.grades?.length)
  )
}
