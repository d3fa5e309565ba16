/** Dark and light. */
import { ref } from 'vue'

export type Theme = 'dark' | 'light'

export const theme = ref<Theme>(localStorage.getItem('theme') === 'light' ? 'light' : 'dark')

export function setTheme(value: Theme): void {
  theme.value = value
  localStorage.setItem('theme', value)
  document.documentElement.classList.toggle('dark', value === 'dark')
}
