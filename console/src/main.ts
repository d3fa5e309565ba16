import { createApp } from 'vue'
import App from './App.vue'
import { i18n, language, setLanguage } from './i18n'
import { setTheme, theme } from './i18n/theme'
import { wakeSound } from './phone/ringer'
import './styles/tokens.css'
import './styles/base.css'

setTheme(theme.value)
setLanguage(language.value)
// Browsers let a page sound only after somebody has touched it.
for (const event of ['pointerdown', 'keydown']) addEventListener(event, wakeSound, { passive: true })
createApp(App).use(i18n).mount('#app')
