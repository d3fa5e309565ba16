/** The audible ring and the chime of a new waiting call, made with WebAudio: no sound files. */
import { ref } from 'vue'

/** False while the browser keeps sound from us because nobody has touched the page yet. */
export const soundAllowed = ref(true)

let context: AudioContext | null = null
let timer: ReturnType<typeof setInterval> | undefined

function audio(): AudioContext | null {
  try {
    context ??= new AudioContext()
  } catch {
    return null
  }
  if (context.state === 'suspended') void context.resume().catch(() => undefined)
  soundAllowed.value = context.state === 'running'
  context.onstatechange = () => {
    soundAllowed.value = context?.state === 'running'
  }
  return context
}

/** Let sound through; call it from a key press or a click. */
export function wakeSound(): void {
  audio()
}

function beep(frequency: number, at: number, seconds: number, volume: number): void {
  const ctx = audio()
  if (!ctx) return
  const start = ctx.currentTime + at
  const tone = ctx.createOscillator()
  const gain = ctx.createGain()
  tone.frequency.value = frequency
  // Short ramps, since a square edge clicks in the headset.
  gain.gain.setValueAtTime(0, start)
  gain.gain.linearRampToValueAtTime(volume, start + 0.02)
  gain.gain.setValueAtTime(volume, start + seconds - 0.03)
  gain.gain.linearRampToValueAtTime(0, start + seconds)
  tone.connect(gain).connect(ctx.destination)
  tone.start(start)
  tone.stop(start + seconds)
}

function ringOnce(): void {
  for (let turn = 0; turn < 6; turn += 1) beep(turn % 2 ? 740 : 932, turn * 0.14, 0.13, 0.22)
}

/** Ring until told otherwise: a warble of 0.85 s every two seconds. */
export function ring(on: boolean): void {
  clearInterval(timer)
  if (!on) return
  ringOnce()
  timer = setInterval(ringOnce, 2000)
}

/** Two soft notes: a call has come into the queue. */
export function chime(): void {
  beep(660, 0, 0.12, 0.12)
  beep(880, 0.14, 0.18, 0.12)
}
