/** 控制台自身认识的拒绝原因；其余按服务器的文字显示。 */
import type { enErrors } from './en.errors'

export const zhErrors: typeof enErrors = {
  server_unreachable: { message: '服务器没有应答。', next: '进行中的通话不受影响，请在连接恢复后重试。' },
  unexpected_answer: { message: '服务器的应答无法识别。', next: '请重试；如仍如此，请联系运维。' },
}
