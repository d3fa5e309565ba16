import { describe, expect, it } from 'vitest'
import { arrange, columns } from '../src/frame/arrange'

describe('what stands beside what', () => {
  it('has one column beside the queue on a small screen, two on a large, three on a wide one', () => {
    expect([1366, 1600, 1920, 2560].map(columns)).toEqual([1, 1, 2, 3])
  })

  it('is the desk as it always was while nothing was put to the side', () => {
    expect(arrange('desk', null, 1920)).toEqual({ call: 'column', board: true, pages: [] })
  })

  it('puts a page in the place of the board, never in that of the call', () => {
    expect(arrange('desk', 'map', 1920)).toEqual({ call: 'column', board: false, pages: ['map'] })
    expect(arrange('desk', 'map', 2560)).toEqual({ call: 'column', board: true, pages: ['map'] })
  })

  it('shows two pages with the call as a line, and the call in full where there is room', () => {
    expect(arrange('incidents', 'map', 1920)).toEqual({
      call: 'line',
      board: false,
      pages: ['incidents', 'map'],
    })
    expect(arrange('incidents', 'map', 2560).call).toBe('column')
  })

  it('shows one page alone where there is no room for two, and none twice', () => {
    expect(arrange('plans', 'map', 1366).pages).toEqual(['plans'])
    expect(arrange('desk', 'map', 1366)).toEqual({ call: 'column', board: true, pages: [] })
    expect(arrange('map', 'map', 1920).pages).toEqual(['map'])
  })
})
