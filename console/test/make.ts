/** Values for tests: complete entities, of which a test names what it is about. */
import type { Call, Extension, Incident, Leg, Waiting } from '../src/api/types'

export const leg = (change: Partial<Leg> = {}): Leg => ({
  id: 'leg',
  number: '1001',
  name: null,
  extension: '1001',
  role: 'desk',
  state: 'up',
  since: 0,
  ...change,
})

export const call = (change: Partial<Call> = {}): Call => ({
  id: 'c1',
  kind: 'emergency',
  digits: '120',
  class_name: '急救',
  class_name_en: 'Ambulance',
  state: 'talking',
  since: 0,
  started_at: 0,
  answered_at: null,
  caller: { number: '13800000001', name: null },
  called: { number: '120', name: null },
  address: null,
  legs: [],
  incident_id: null,
  parked_at: null,
  held_by: null,
  owner: null,
  task_id: null,
  consult: null,
  ...change,
})

export const waiting = (change: Partial<Waiting> = {}): Waiting => ({
  call_id: 'c1',
  digits: '120',
  class_name: '急救',
  class_name_en: 'Ambulance',
  rank: 0,
  number: '13800000001',
  name: null,
  address: null,
  since: 0,
  offered_to: null,
  offered_at: null,
  claimed_by: null,
  stage: 'desk',
  skill: null,
  ...change,
})

export const extension = (change: Partial<Extension> = {}): Extension => ({
  number: '1001',
  name: 'Desk 1',
  kind: 'desk',
  state: 'idle',
  since: 0,
  peer: null,
  call_id: null,
  phones: [],
  user: null,
  duty: 'ready',
  skills: [],
  ...change,
})

export const incident = (change: Partial<Incident> = {}): Incident => ({
  id: 'i1',
  title: '',
  status: 'draft',
  owner: null,
  number: '13800000001',
  name: null,
  address: null,
  digits: '120',
  class_name: '急救',
  class_name_en: 'Ambulance',
  call_ids: ['c1'],
  note: '',
  created_at: 0,
  updated_at: 0,
  version: 1,
  ...change,
})
