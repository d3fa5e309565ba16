import { createApp } from 'vue'
import App from './App.vue'
import { notify } from './commands/notices'
import { i18n, language, setLanguage, t } from './i18n'
import { setTheme, theme } from './i18n/theme'
import { wakeSound } from './phone/ringer'
import './styles/tokens.css'
import './styles/base.css'

setTheme(theme.value)
setLanguage(language.value)
// Browsers let a page sound only after somebody has touched it.
for (const event of ['pointerdown', 'keydown']) addEventListener(event, wakeSound, { passive: true })
// The server was upgraded under a console that has been open since: never reloaded by itself, a call may be up.
addEventListener('vite:preloadError', () => {
  const again = { label: t('app.reload'), act: () => location.reload() }
  notify('error', t('app.renewed'), t('app.renewedNext'), 60, again)
})
createApp(App).use(i18n).mount('#app')
