/** Between the form of a plan and the plan. Pure. */
import type { PlanBody, PlanLevel, PlanStep, PlanTarget } from '../api/plans'

export function emptyStep(index: number): PlanStep {
  return { id: `s${index}`, do: 'notify', to: {}, text: '' }
}

export function emptyPlan(): PlanBody {
  return {
    key: '',
    name: '',
    trigger: {},
    levels: [{ id: 'l1', name: '', approvals: 0, steps: [emptyStep(1)] }],
  }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

function without<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => !isEmpty(each))) as T
}

function step(value: PlanStep): PlanStep {
  const to = without<PlanTarget>(value.to ?? {})
  const found = without<PlanStep>({ ...value, to })
  // Yes is what holds when nothing is said.
  return value.confirm === false ? { ...found, confirm: false } : found
}

function level(value: PlanLevel): PlanLevel {
  return without<PlanLevel>({ ...value, steps: value.steps.map(step) })
}

/** A plan without the fields that were left empty. */
export function compact(body: PlanBody): PlanBody {
  const trigger = without(body.trigger ?? {})
  const found = without<PlanBody>({ ...body, trigger, levels: body.levels.map(level) })
  return { ...found, key: body.key, name: body.name }
}

/** The levels of a plan for the form: each step with a place for whom it reaches. */
export function levelsOf(plan: PlanBody): PlanLevel[] {
  return plan.levels.map((each) => ({
    ...each,
    steps: each.steps.map((one) => ({ ...one, to: { ...one.to } })),
  }))
}
