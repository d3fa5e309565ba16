/** Keeps a draft and saves it by itself shortly after the last key. */
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { incidents } from '../api/client'
import { ApiError } from '../api/http'
import type { Incident } from '../api/types'
import { showError } from '../commands/run'
import { live } from '../live/store'
import { changes, draftOf, merge, type Both, type Draft } from './draft'

export type SaveState = 'saved' | 'saving' | 'unsaved'
const PAUSE = 600

export function useDraft(incident: Ref<Incident | null>) {
  const draft = ref<Draft | null>(null)
  const base = shallowRef<Incident | null>(null)
  const saving = ref(false)
  const both = shallowRef<Both[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined

  const dirty = computed(() =>
    Boolean(draft.value && base.value && Object.keys(changes(draft.value, base.value)).length),
  )
  const state = computed<SaveState>(() => (saving.value ? 'saving' : dirty.value ? 'unsaved' : 'saved'))

  function load(fresh: Incident): void {
    base.value = fresh
    draft.value = draftOf(fresh)
    both.value = []
  }

  function bring(fresh: Incident): void {
    if (!draft.value || !base.value || fresh.version < base.value.version) return
    const merged = merge(draft.value, base.value, fresh)
    draft.value = merged.draft
    base.value = fresh
    if (merged.conflict) both.value = merged.both
  }

  async function save(): Promise<void> {
    clearTimeout(timer)
    if (!draft.value || !base.value || saving.value || !dirty.value) return
    const { id, version } = base.value
    saving.value = true
    try {
      const answer = await incidents.change(id, version, changes(draft.value, base.value))
      if (base.value?.id === id) bring(answer)
    } catch (error) {
      await failed(id, error)
    } finally {
      saving.value = false
    }
    if (dirty.value) later()
  }

  async function failed(id: string, error: unknown): Promise<void> {
    if (!(error instanceof ApiError) || error.status !== 409) {
      // Typed text is never lost: it stays in the field and is saved when the server is back.
      if (!(error instanceof ApiError && error.unreachable)) showError(error)
      return
    }
    const fresh = live.incident.get(id) ?? (await incidents.one(id).catch(() => null))
    if (fresh && base.value?.id === id) bring(fresh)
  }

  function later(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void save(), PAUSE)
  }

  watch(
    incident,
    (fresh, before) => {
      if (!fresh) return
      if (fresh.id !== before?.id || base.value?.id !== fresh.id) {
        void save()
        load(fresh)
      } else if (!saving.value) bring(fresh)
    },
    { immediate: true },
  )

  /** Put the own text in place of the other's, who sees in the timeline that it was replaced. */
  function keepMine(one: Both): void {
    if (draft.value) draft.value[one.field] = one.mine
    both.value = both.value.filter((entry) => entry !== one)
    later()
  }

  return { draft, state, both, keepMine, later, save, bring }
}
