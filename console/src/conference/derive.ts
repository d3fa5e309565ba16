/** What the page of conferences shows, as pure functions of the replicated picture. */
import type { Call } from '../api/types'
import type {
  Group,
  MemberState,
  NoticePerson,
  PersonState,
  Roll,
  Room,
  RoomMember,
} from '../api/conferences'
import { byNumber } from '../live/derive'

export type Tone = 'good' | 'wait' | 'idle' | 'bad' | 'out'
export interface Segment {
  tone: Tone
  label: string
  count: number
}

/** `idle` waits for its turn; `out` was put out by somebody and is not missed. */
export function memberTone(state: MemberState): Tone {
  if (state === 'in') return 'good'
  if (state === 'ringing') return 'wait'
  if (state === 'queued') return 'idle'
  return state === 'kicked' ? 'out' : 'bad'
}

/** The word for a member: one who was lost is rung again by himself until the tries are used up. */
export function memberWord(member: RoomMember): string {
  const again = member.tries > 0 && ['dropped', 'ringing', 'queued'].includes(member.state)
  return again ? 'redialling' : member.state
}

export const MEMBER_SHOWS = ['all', 'in', 'ringing', 'missing', 'hands', 'muted'] as const
export type MemberShow = (typeof MEMBER_SHOWS)[number]

export function shows(show: MemberShow, member: RoomMember): boolean {
  if (show === 'all') return true
  if (show === 'hands') return member.hand !== null
  if (show === 'muted') return member.state === 'in' && !member.heard
  const tone = memberTone(member.state)
  if (show === 'in') return tone === 'good'
  return show === 'ringing' ? tone === 'wait' || tone === 'idle' : tone === 'bad'
}

export function showCounts(members: readonly RoomMember[]): Record<MemberShow, number> {
  const counts = { all: 0, in: 0, ringing: 0, missing: 0, hands: 0, muted: 0 }
  for (const member of members) for (const show of MEMBER_SHOWS) if (shows(show, member)) counts[show]++
  return counts
}

/** Chairs first, then by number: a place does not change while states do. */
export function membersOf(all: Iterable<RoomMember>, roomId: string): RoomMember[] {
  const chair = (member: RoomMember) => (member.role === 'chair' ? 0 : 1)
  return [...all]
    .filter((member) => member.room_id === roomId)
    .sort((a, b) => chair(a) - chair(b) || byNumber(a, b) || (a.id < b.id ? -1 : 1))
}

export function handsOf(room: Room, members: readonly RoomMember[]): RoomMember[] {
  const byId = new Map(members.map((member) => [member.id, member]))
  return room.hands.map((id) => byId.get(id)).filter((member) => member !== undefined)
}

/** The room in which an extension is. */
export function roomOf(
  members: Iterable<RoomMember>,
  rooms: ReadonlyMap<string, Room>,
  extension: string | null,
): Room | undefined {
  if (extension === null) return undefined
  for (const member of members)
    if (member.extension === extension && member.state === 'in') return rooms.get(member.room_id)
  return undefined
}

export function roomOrder(rooms: Iterable<Room>): Room[] {
  return [...rooms].sort(byNumber)
}

/** The widths of a bar in per cent; what is there at all can be seen. */
export function widths(segments: readonly Segment[]): number[] {
  const all = segments.reduce((sum, segment) => sum + segment.count, 0)
  if (!all) return segments.map(() => 0)
  return segments.map(({ count }) => (count * 100) / all)
}

// ---- notifications

export function personTone(state: PersonState): Tone {
  if (state === 'confirmed' || state === 'reached') return 'good'
  if (state === 'ringing' || state === 'talking') return 'wait'
  if (state === 'waiting') return 'idle'
  return state === 'stopped' ? 'out' : 'bad'
}

export const LEDGER_SHOWS = ['all', 'told', 'active', 'waiting', 'failed'] as const
export type LedgerShow = (typeof LEDGER_SHOWS)[number]
const LEDGER_TONES: Record<LedgerShow, readonly Tone[]> = {
  all: ['good', 'wait', 'idle', 'bad', 'out'],
  told: ['good'],
  active: ['wait'],
  waiting: ['idle'],
  failed: ['bad', 'out'],
}

export function ledgerShows(show: LedgerShow, person: NoticePerson): boolean {
  return LEDGER_TONES[show].includes(personTone(person.state))
}

export function peopleOf(all: Iterable<NoticePerson>, noticeId: string): NoticePerson[] {
  return [...all].filter((person) => person.notice_id === noticeId).sort(byNumber)
}

/** How many were told in the last minute. */
export function rate(people: readonly NoticePerson[], at: number): number {
  return people.filter(
    ({ done_at, state }) => personTone(state) === 'good' && done_at !== null && done_at > at - 60_000,
  ).length
}

// ---- a room as a call

/** The call on the board that a room is: the one with most of those who are in. */
export function callOfRoom(calls: Iterable<Call>, members: readonly RoomMember[]): Call | null {
  const inside = new Set(members.filter(({ state }) => state === 'in').map(({ number }) => number))
  let best: Call | null = null
  let most = 0
  for (const call of calls) {
    const count = call.legs.filter((leg) => inside.has(leg.number)).length
    if (count > most) [best, most] = [call, count]
  }
  return best
}

/** The leg of a member in the call of his room. */
export const legOfMember = (call: Call | null, member: RoomMember | null): string | null =>
  (member?.state === 'in' && call?.legs.find((leg) => leg.number === member.number)?.id) || null

// ---- roll calls

export function rollCounts(roll: Roll): Record<'present' | 'ringing' | 'absent' | 'waiting', number> {
  const of = (...states: string[]) => roll.entries.filter((entry) => states.includes(entry.state)).length
  return {
    present: of('present', 'talking'),
    ringing: of('ringing'),
    absent: of('absent'),
    waiting: of('waiting'),
  }
}

// ---- whom to call

const NUMBER = /^\+?[0-9*#]{1,20}$/

/** Numbers out of what was typed or pasted, and what is none. */
export function typedNumbers(text: string): { numbers: string[]; bad: string[] } {
  const parts = text.split(/[\s,;，；、]+/).filter(Boolean)
  const plain = parts.map((part) => part.replace(/[-()]/g, ''))
  return {
    numbers: [...new Set(plain.filter((part) => NUMBER.test(part)))],
    bad: plain.filter((part) => !NUMBER.test(part)),
  }
}

export interface Picked {
  /** Names of groups. */
  groups: string[]
  numbers: string[]
}

/** Everybody who is picked, each once, in the order of the lists. */
export function everyone(picked: Picked, groups: readonly Group[]): string[] {
  const chosen = groups.filter((group) => picked.groups.includes(group.name))
  return [...new Set([...chosen.flatMap((group) => group.members.map((m) => m.number)), ...picked.numbers])]
}

/** Move one place in a list; at the edge nothing happens. */
export function shifted<T>(list: readonly T[], index: number, by: -1 | 1): T[] {
  const to = index + by
  if (to < 0 || to >= list.length) return [...list]
  const next = [...list]
  ;[next[index], next[to]] = [next[to] as T, next[index] as T]
  return next
}

export interface GroupLine {
  number: string
  name: string
  deputy: string
  problem: '' | 'bad' | 'repeated'
}

/** A group as text: one member a line, number, name and deputy between commas or tabs. */
export function groupLines(text: string): GroupLine[] {
  const seen = new Set<string>()
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const [number = '', name = '', deputy = ''] = line.split(/[,，\t]/).map((part) => part.trim())
      const bad = !NUMBER.test(number) || (deputy !== '' && !NUMBER.test(deputy))
      const problem = bad ? 'bad' : seen.has(number) ? 'repeated' : ''
      seen.add(number)
      return { number, name, deputy, problem }
    })
}

export function groupText(group: Pick<Group, 'members'>): string {
  const line = (parts: string[]) => parts.join(', ').replace(/(, )+$/, '')
  return group.members.map(({ number, name, deputy }) => line([number, name, deputy])).join('\n')
}

/** A CSV that spreadsheets open as it is: a field that they would take for a formula gets an apostrophe. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  const field = (value: string | number) => {
    const text = /^[=@\t\r]|^[+-](?![0-9])/.test(String(value)) ? `'${value}` : String(value)
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return `\ufeff${rows.map((row) => row.map(field).join(',')).join('\r\n')}\r\n`
}
