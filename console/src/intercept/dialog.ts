/** The one dialog of intercept: for which call, with which act chosen. */
import { shallowRef } from 'vue'
import { askOptions } from './options'
import type { Act } from './types'

export interface Wanted {
  callId: string
  act: Act
  /** Release and be connected with one party. */
  connect: boolean
  /** The party that was meant, when it was chosen on the board. */
  target: string | null
}

export const wanted = shallowRef<Wanted | null>(null)

export function ask(callId: string, act: Act, more: Partial<Wanted> = {}): void {
  askOptions(callId)
  wanted.value = { callId, act, connect: false, target: null, ...more }
}

export const closeDialog = (): void => {
  wanted.value = null
}
