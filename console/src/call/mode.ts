/** What the panel under the call buttons is for at the moment. */
import { ref } from 'vue'

export type PanelMode = 'dial' | 'transfer' | 'keypad'

export const mode = ref<PanelMode>('dial')
/** The number in the field of the panel; the board fills it in while a transfer is prepared. */
export const entered = ref('')
