/** One sign for each act, the same everywhere. */
import type { IconName } from '../ui/icons'
import type { Act } from './types'

export const ACT_ICONS: Record<Act, IconName> = {
  monitor: 'ear',
  whisper: 'whisper',
  insert: 'insert',
  takeover: 'takeover',
  release: 'release',
}
