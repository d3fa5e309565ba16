/** What each table of the administration shows and asks for. Words are under `admin.fields` in the messages. */
import { admin, type CsvTable, type Resource } from '../../api/admin'

export interface Field {
  name: string
  kind: 'text' | 'number' | 'select' | 'switch' | 'tags' | 'password' | 'instant'
  options?: readonly string[]
  /** Messages of the options are under `admin.options`. */
  worded?: boolean
  required?: boolean
  /** Set when the row is made, fixed afterwards. */
  fixed?: boolean
  /** Only in the form (a password), or only in the table (an instant). */
  only?: 'form' | 'table'
  /** An empty text means none. */
  nullable?: boolean
  initial?: unknown
  width?: number
}

export interface TableSpec {
  name: 'users' | 'extensions' | 'phones' | 'emergencyNumbers' | 'registry' | 'tokens'
  key: string
  resource: Resource
  fields: readonly Field[]
  read: string
  edit: string
  csv?: CsvTable
  search?: boolean
  /** Rows are made and removed, never changed. */
  immutable?: boolean
}

const ROLES = ['dispatcher', 'supervisor', 'operator', 'auditor', 'wall'] as const

export const TABLES: readonly TableSpec[] = [
  {
    name: 'extensions',
    key: 'number',
    resource: admin.extensions,
    read: 'directory.read',
    edit: 'directory.edit',
    csv: 'extensions',
    fields: [
      { name: 'number', kind: 'text', required: true, fixed: true, width: 120 },
      { name: 'name', kind: 'text', initial: '' },
      {
        name: 'kind',
        kind: 'select',
        options: ['desk', 'phone'],
        worded: true,
        initial: 'phone',
        width: 110,
      },
      { name: 'record', kind: 'switch', initial: false, width: 116 },
      { name: 'skills', kind: 'tags', initial: [] },
      { name: 'position', kind: 'number', nullable: true, initial: null, width: 140 },
      { name: 'enabled', kind: 'switch', initial: true, width: 100 },
    ],
  },
  {
    name: 'phones',
    key: 'id',
    resource: admin.phones,
    read: 'directory.read',
    edit: 'directory.edit',
    fields: [
      { name: 'id', kind: 'text', required: true, fixed: true },
      { name: 'extension', kind: 'text', nullable: true, initial: '', width: 140 },
      {
        name: 'kind',
        kind: 'select',
        options: ['sip', 'browser', 'gateway'],
        worded: true,
        initial: 'sip',
        width: 140,
      },
      { name: 'transport', kind: 'select', options: ['udp', 'tcp', 'tls', 'ws'], initial: 'udp', width: 120 },
      { name: 'enabled', kind: 'switch', initial: true, width: 100 },
    ],
  },
  {
    name: 'users',
    key: 'login',
    resource: admin.users,
    read: 'user.read',
    edit: 'user.edit',
    csv: 'users',
    fields: [
      { name: 'login', kind: 'text', required: true, fixed: true, width: 180 },
      { name: 'name', kind: 'text', initial: '' },
      { name: 'role', kind: 'select', options: ROLES, worded: true, initial: 'dispatcher', width: 140 },
      { name: 'language', kind: 'select', options: ['zh', 'en'], worded: true, initial: 'zh', width: 120 },
      { name: 'password', kind: 'password', only: 'form' },
      { name: 'disabled', kind: 'switch', initial: false, width: 100 },
      { name: 'locked_until', kind: 'instant', only: 'table', width: 200 },
    ],
  },
  {
    name: 'emergencyNumbers',
    key: 'digits',
    resource: admin.emergencyNumbers,
    read: 'directory.read',
    edit: 'emergency.edit',
    fields: [
      { name: 'digits', kind: 'text', required: true, fixed: true, width: 140 },
      { name: 'name_zh', kind: 'text', required: true },
      { name: 'name_en', kind: 'text', required: true },
      { name: 'rank', kind: 'number', initial: 0, width: 120 },
      { name: 'skill', kind: 'text', nullable: true, initial: '', width: 160 },
    ],
  },
  {
    name: 'registry',
    key: 'number',
    resource: admin.registry,
    read: 'registry.read',
    edit: 'registry.edit',
    csv: 'registry',
    search: true,
    fields: [
      { name: 'number', kind: 'text', required: true, fixed: true, width: 200 },
      { name: 'name', kind: 'text', required: true },
      { name: 'address', kind: 'text', initial: '' },
      { name: 'note', kind: 'text', initial: '' },
    ],
  },
  {
    name: 'tokens',
    key: 'id',
    resource: admin.tokens,
    read: 'token.own',
    edit: 'token.own',
    immutable: true,
    fields: [
      { name: 'label', kind: 'text', required: true },
      { name: 'days', kind: 'number', nullable: true, initial: 365, only: 'form' },
      { name: 'created_at', kind: 'instant', only: 'table', width: 200 },
      { name: 'expires_at', kind: 'instant', only: 'table', width: 200 },
      { name: 'seen_at', kind: 'instant', only: 'table', width: 200 },
    ],
  },
]
