/** Mass SMS over HTTP. */
import { query, request } from './http'
import {
  BLOCKED_PAGE,
  type Audience,
  type BlockedNumber,
  type Campaign,
  type CampaignRow,
  type CapAlert,
  type ListReport,
  type NewCampaign,
  type NewLink,
  type Preview,
  type Reply,
  type SmsLink,
  type SmsList,
  type SmsReport,
  type SmsRules,
  type Talking,
  type Tally,
  type Template,
} from './smsTypes'

export * from './smsTypes'

const path = encodeURIComponent
const one = (id: string) => `/sms/campaigns/${path(id)}`
const post = <T = unknown>(place: string, body: object = {}, timeout?: number): Promise<T> =>
  request<T>('POST', place, { body, ...(timeout ? { timeout } : {}) })
/** Counting a million people takes some seconds. */
const LONG = 120_000

export type CampaignAct = 'submit' | 'approve' | 'withdraw' | 'pause' | 'resume' | 'cancel'

export const sms = {
  campaigns: async () =>
    (await request<{ campaigns: CampaignRow[] }>('GET', `/sms/campaigns${query({ limit: 100 })}`)).campaigns,
  one: (id: string) => request<Campaign>('GET', one(id)),
  create: (body: NewCampaign) => post<Campaign>('/sms/campaigns', body),
  change: (id: string, body: NewCampaign) => request<Campaign>('PUT', one(id), { body }),
  remove: (id: string) => request<void>('DELETE', one(id)),
  act: (id: string, act: CampaignAct) => post<Campaign>(`${one(id)}/${act}`, {}, LONG),
  doubt: (id: string, resend: boolean) => post<Campaign>(`${one(id)}/doubt`, { resend }),
  test: (id: string, number: string) => post<Campaign>(`${one(id)}/test`, { number }),
  preview: (body: object) => post<Preview>('/sms/preview', body),
  /** `text`: one that differs from person to person. */
  count: (audience: Audience, life: boolean, text: string) =>
    post<Tally>('/sms/count', { audience, life_safety: life, text }, LONG),
  report: (id: string) => request<SmsReport>('GET', `${one(id)}/report`, { timeout: LONG }),
  csvUrl: (id: string) => `/api${one(id)}/report.csv`,
  capUrl: (id: string) => `/api${one(id)}/cap`,
  talking: async (id: string) => (await request<{ people: Talking[] }>('GET', `${one(id)}/talking`)).people,
  welfare: (id: string) =>
    request<{ safe: number; help: number; silent: number; people: Reply[] }>('GET', `${one(id)}/welfare`),
  replies: async (meaning: string | null) =>
    (await request<{ replies: Reply[] }>('GET', `/sms/replies${query({ meaning, limit: 200 })}`)).replies,
  seen: (id: number) => post(`/sms/replies/${id}/seen`),
  lists: async () => (await request<{ lists: SmsList[] }>('GET', '/sms/lists')).lists,
  importList: (name: string, file: Blob) =>
    request<ListReport>('POST', `/sms/lists/import${query({ name })}`, { csv: file, timeout: 1_800_000 }),
  removeList: (name: string) => request<void>('DELETE', `/sms/lists/${path(name)}`),
  badUrl: (name: string) => `/api/sms/lists/${path(name)}/bad.csv`,
  links: async () => (await request<{ links: SmsLink[] }>('GET', '/sms/links')).links,
  addLink: (body: NewLink) => post<SmsLink>('/sms/links', body),
  removeLink: (name: string) => request<void>('DELETE', `/sms/links/${path(name)}`),
  setLink: (name: string, body: object) => request<SmsLink>('PATCH', `/sms/links/${path(name)}`, { body }),
  templates: async () => (await request<{ templates: Template[] }>('GET', '/sms/templates')).templates,
  putTemplate: (name: string, text: string) => post<Template>('/sms/templates', { name, text }),
  removeTemplate: (id: string) => request<void>('DELETE', `/sms/templates/${path(id)}`),
  blocked: async (after: string) =>
    (
      await request<{ blocked: BlockedNumber[] }>(
        'GET',
        `/sms/blocked${query({ after, limit: BLOCKED_PAGE })}`,
      )
    ).blocked,
  block: (body: Pick<BlockedNumber, 'number' | 'kind' | 'why'>) => post('/sms/blocked', body),
  unblock: (number: string) => request<void>('DELETE', `/sms/blocked/${path(number)}`),
  rules: () => request<SmsRules>('GET', '/sms/rules'),
  setRules: (body: SmsRules) => request<SmsRules>('PUT', '/sms/rules', { body }),
  alerts: async () => (await request<{ alerts: CapAlert[] }>('GET', '/sms/alerts')).alerts,
  takeAlert: (registry: string, file: Blob) =>
    request<CapAlert>('POST', `/sms/alerts${query({ registry })}`, { file }),
  alertUrl: (id: string) => `/api/sms/alerts/${path(id)}`,
  fill: async (id: string, values: Record<string, string>) =>
    (await post<{ text: string }>(`/sms/templates/${path(id)}/fill`, { values })).text,
}
