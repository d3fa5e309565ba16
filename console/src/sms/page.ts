/** What is open on the page of mass SMS; it stays while other pages are looked at. */
import { ref, shallowRef } from 'vue'
import { sms, type Campaign, type Counts, type SmsList, type SmsReport } from '../api/sms'
import { latest } from '../commands/run'
import type { Segment } from '../conference/derive'
import { t } from '../i18n'

export const TABS = [
  'campaigns',
  'replies',
  'lists',
  'templates',
  'blocked',
  'alerts',
  'links',
  'rules',
] as const
export type Tab = (typeof TABS)[number]
export const tab = ref<Tab>('campaigns')

export const FORM = '+campaign'
/** The campaign on the right, or the form of a new one. */
export const chosen = ref<string | null>(null)
/** The draft that the form changes, or the campaign that it copies. */
export const edited = shallowRef<{ campaign: Campaign; copy: boolean } | null>(null)

export function write(campaign: Campaign | null = null, copy = false): void {
  edited.value = campaign && { campaign, copy }
  chosen.value = FORM
}

export const lists = shallowRef<SmsList[]>([])
export async function loadLists(): Promise<void> {
  lists.value = (await latest('sms-lists', sms.lists)) ?? lists.value
}

/** Good: arrived. Wait: with the centre. Bad: will not arrive. Idle: waits here. */
export function segmentsOf(counts: Counts): Segment[] {
  const sum = (...states: (keyof Counts)[]) => states.reduce((total, state) => total + counts[state], 0)
  return [
    { tone: 'good', label: t('sms.message.delivered'), count: sum('delivered') },
    { tone: 'wait', label: t('sms.message.submitted'), count: sum('submitting', 'submitted') },
    { tone: 'bad', label: t('sms.message.lost'), count: sum('failed', 'expired', 'in_doubt', 'cancelled') },
    { tone: 'idle', label: t('sms.message.queued'), count: sum('queued', 'leased') },
  ]
}

/** The states that occur in a report, for its columns. */
export function statesOf(report: SmsReport): (keyof Counts)[] {
  return (Object.keys(report.counts) as (keyof Counts)[]).filter((state) => report.counts[state])
}

/** Thousandths of the currency as people write them. */
export const money = (thousandths: number): string => (thousandths / 1000).toFixed(2)
