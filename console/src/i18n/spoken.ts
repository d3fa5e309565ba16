/** Sentences that the server says in both languages: `message` and `message_zh`. */
import { language } from '.'

type Spoken<Name extends string> = Record<Name, string | null> & Partial<Record<`${Name}_zh`, string>>

/** The sentence of this name in the language of the console. */
export function spoken<Name extends string>(said: Spoken<Name>, name: Name): string {
  const both: Record<string, string | null | undefined> = said
  const chinese = language.value === 'zh' ? both[`${name}_zh`] : undefined
  return chinese || both[name] || ''
}
