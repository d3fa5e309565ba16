/** Sentences that the server says in both languages: `message` and `message_zh`. */
import { language } from '.'

type Spoken<Name extends string> = { [key in Name]: string | null } & { [key in `${Name}_zh`]?: string }

/** The sentence of this name in the language of the console. */
export function spoken<Name extends string>(said: Spoken<Name>, name: Name): string {
  const chinese = language.value === 'zh' ? said[`${name}_zh`] : undefined
  return chinese || said[name] || ''
}
