import { describe, expect, it } from 'vitest'
import { ownView, type Picture, type SessionInfo } from '../src/call/own'
import { call, incident, leg, waiting } from './make'

const session = (change: Partial<SessionInfo> = {}): SessionInfo => ({
  id: 's1',
  direction: 'in',
  state: 'talking',
  number: '13800000001',
  name: null,
  since: 0,
  ...change,
})

const picture = (change: Partial<Picture> = {}): Picture => ({
  desk: '1001',
  linkUp: true,
  calls: [],
  waiting: new Map(),
  incidents: [],
  sessions: [],
  matched: new Set(),
  ...change,
})

describe('own calls on the screen', () => {
  it('pop up as soon as the queue offers one here, before anything rings', () => {
    const entry = waiting({ offered_to: '1001', name: '李明', address: '盐都大道18号' })
    const [shown] = ownView(
      picture({ calls: [call({ state: 'waiting' })], waiting: new Map([['c1', entry]]) }),
    )
    expect([shown?.state, shown?.name, shown?.address]).toEqual(['ringing', '李明', '盐都大道18号'])
  })

  it('do not pop up for what is offered to another desk', () => {
    const entry = waiting({ offered_to: '1002' })
    expect(ownView(picture({ calls: [call()], waiting: new Map([['c1', entry]]) }))).toEqual([])
  })

  it('show what is known of the caller from the incident, where somebody may have corrected it', () => {
    const found = incident({ name: '王芳', address: '河街9号' })
    const live = call({ legs: [leg()], address: '旧地址', caller: { number: '138', name: '旧名' } })
    const [shown] = ownView(picture({ calls: [live], incidents: [found] }))
    expect([shown?.name, shown?.address, shown?.incident?.id]).toEqual(['王芳', '河街9号', 'i1'])
  })

  it('take the session of the phone along, and show each call once', () => {
    const shown = ownView(picture({ calls: [call({ legs: [leg()] })], sessions: [session()] }))
    expect(shown.map((one) => [one.callId, one.sessionId])).toEqual([['c1', 's1']])
  })

  it('are there by the phone alone when the server has not told of them', () => {
    const shown = ownView(picture({ sessions: [session({ state: 'ringing' })] }))
    expect(shown.map((one) => [one.callId, one.state])).toEqual([[null, 'ringing']])
  })

  it('do not flicker when the call is over and its session ends a moment later', () => {
    expect(ownView(picture({ sessions: [session()], matched: new Set(['s1']) }))).toEqual([])
  })

  it('survive the loss of the live socket as long as the phone has them', () => {
    const live = call({ legs: [leg()] })
    const lost = { linkUp: false, calls: [live], matched: new Set(['s1']) }
    expect(ownView(picture({ ...lost, sessions: [session()] })).map((one) => one.callId)).toEqual(['c1'])
    // The phone hung up while the picture is old: the call is gone although the picture still has it.
    expect(ownView(picture({ ...lost, sessions: [], matched: new Set(['s1']) }))).toEqual([])
  })

  it('come in by the phone while the server is away', () => {
    const shown = ownView(
      picture({ linkUp: false, sessions: [session({ state: 'ringing', number: '120120' })] }),
    )
    expect(shown.map((one) => one.number)).toEqual(['120120'])
  })

  it('stay when the desk has a SIP telephone that we cannot see', () => {
    const shown = ownView(picture({ linkUp: false, calls: [call({ legs: [leg()] })] }))
    expect(shown.map((one) => one.callId)).toEqual(['c1'])
  })

  it('keep two calls and two sessions apart by their numbers', () => {
    const calls = [
      call({ id: 'a', legs: [leg()], caller: { number: '111', name: null } }),
      call({ id: 'b', state: 'held', legs: [leg()], caller: { number: '222', name: null } }),
    ]
    const sessions = [session({ id: 'sb', number: '222' }), session({ id: 'sa', number: '111' })]
    const shown = ownView(picture({ calls, sessions }))
    expect(shown.map((one) => [one.callId, one.sessionId])).toEqual([
      ['a', 'sa'],
      ['b', 'sb'],
    ])
  })

  it('know who is being asked before a transfer, at the desk that asks', () => {
    const asking = call({ legs: [leg()], consult: { by: '1001', number: '2002' } })
    expect(ownView(picture({ calls: [asking] }))[0]?.consult).toBe('2002')
    const other = call({ legs: [leg()], consult: { by: '1002', number: '2002' } })
    expect(ownView(picture({ calls: [other] }))[0]?.consult).toBeNull()
  })
})
