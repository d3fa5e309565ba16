import type { RecordingRow } from '../../api/records'

/** There is something to hear of it, be it still running. */
export const playable = ({ state }: RecordingRow): boolean => state === 'kept' || state === 'running'
