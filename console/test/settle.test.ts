import { describe, expect, it } from 'vitest'
import { reactive, ref } from 'vue'
import { copyOf, empty, settle } from '../src/commands/settle'

describe('fields after their content was taken', () => {
  it('are emptied when they still hold what was sent', () => {
    const form = reactive({ number: '2001', why: 'asked', kind: 'blacklist' })
    expect(settle(form, copyOf(form), { number: '', why: '' })).toBe(true)
    expect(form).toEqual({ number: '', why: '', kind: 'blacklist' })
  })

  it('keep what was typed while the answer was on its way', () => {
    const form = reactive({ number: '2001', why: 'asked' })
    const sent = copyOf(form)
    form.number = '2002'
    expect(settle(form, sent, { number: '', why: '' })).toBe(false)
    expect(form).toEqual({ number: '2002', why: '' })
  })

  it('compare lists by what stands in them', () => {
    const form = ref({ targets: ['1'], periods: [{ days: [1] }] })
    const sent = copyOf(form.value)
    form.value.targets.push('110')
    expect(settle(form.value, sent, { targets: ['1'], periods: [{ days: [1] }] })).toBe(false)
    expect(form.value.targets).toEqual(['1', '110'])
  })

  it('take what the server made of them', () => {
    const form = reactive<Record<string, unknown>>({})
    expect(settle(form, {}, { offer: 20, number: null })).toBe(true)
    expect(form).toEqual({ offer: 20, number: null })
  })

  it('are one field or a whole form', () => {
    const field = ref('a note')
    empty(field, 'a not')
    expect(field.value).toBe('a note')
    empty(field, 'a note')
    expect(field.value).toBe('')
  })
})
