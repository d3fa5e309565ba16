/** What the dispatcher does with a room; each is one command to the server. */
import {
  rooms,
  type Invitation,
  type Invited,
  type Room,
  type RoomMember,
  type RoomRole,
} from '../api/conferences'
import { notify } from '../commands/notices'
import { run } from '../commands/run'
import { t } from '../i18n'

/** Tell what of an invitation was not as wanted. */
export function tellInvited(report: Invited | undefined): void {
  if (!report) return
  const numbers = (list: string[]) => list.slice(0, 12).join(', ')
  if (report.refused.length)
    notify('error', t('conference.call.refused', { numbers: numbers(report.refused) }))
  if (report.repeated.length)
    notify('info', t('conference.call.twice', { numbers: numbers(report.repeated) }), '', 8)
}

export async function invite(room: Room, body: Invitation): Promise<boolean> {
  const report = await run(`room-invite:${room.id}`, () => rooms.invite(room.id, body))
  tellInvited(report)
  return report !== undefined
}

export const bringMeIn = (room: Room) => run(`room-join:${room.id}`, () => rooms.join(room.id))
export const change = (room: Room, what: 'locked' | 'lecture' | 'recording') =>
  run(`room-${what}:${room.id}`, () => rooms.change(room.id, { [what]: !room[what] }))
export const muteAll = (room: Room, on: boolean) =>
  run(`room-mute:${room.id}`, () => rooms.muteAll(room.id, on))
export const redialMissing = (room: Room) => run(`room-redial:${room.id}`, () => rooms.redial(room.id))
export const end = (room: Room) => run(`room-end:${room.id}`, () => rooms.end(room.id))
export const merge = (room: Room, other: string) =>
  run(`room-merge:${room.id}`, () => rooms.merge(room.id, other))
export const split = (room: Room) => run(`room-split:${room.id}`, () => rooms.split(room.id))
export const floorToFirst = (room: Room) => run(`room-floor:${room.id}`, () => rooms.floor(room.id, null))

export const toggleMute = (member: RoomMember) =>
  run(`member-mute:${member.id}`, () => rooms.mute(member.room_id, member.id, !member.muted))
export const toggleFloor = (member: RoomMember) =>
  run(`member-floor:${member.id}`, () => rooms.floor(member.room_id, member.id, !member.floor))
export const lowerHand = (member: RoomMember) =>
  run(`member-hand:${member.id}`, () => rooms.lower(member.room_id, member.id))
export const kick = (member: RoomMember) =>
  run(`member-kick:${member.id}`, () => rooms.kick(member.room_id, member.id))
export const redial = (member: RoomMember) =>
  run(`member-redial:${member.id}`, () => rooms.redial(member.room_id, member.id))
export const setRole = (member: RoomMember, role: RoomRole) =>
  run(`member-role:${member.id}`, () => rooms.role(member.room_id, member.id, role))

/** One who was lost is rung again by himself until he is put out. */
export const canKick = (member: RoomMember): boolean => isHere(member) || member.state === 'dropped'
export const isHere = (member: RoomMember): boolean => ['in', 'ringing', 'queued'].includes(member.state)
