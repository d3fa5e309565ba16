/** The microphone, opened once in advance so that answering does not wait for it. */
import { ref } from 'vue'

export type MicrophoneState = 'off' | 'asking' | 'ready' | 'denied' | 'missing' | 'insecure'

export const microphone = ref<MicrophoneState>('off')

let stream: MediaStream | null = null
let opening: Promise<MediaStream | null> | null = null

function reason(error: unknown): MicrophoneState {
  return error instanceof DOMException && error.name === 'NotAllowedError' ? 'denied' : 'missing'
}

async function ask(): Promise<MediaStream | null> {
  // Browsers give a microphone only to https or to this machine's own pages.
  if (!navigator.mediaDevices) {
    microphone.value = 'insecure'
    return null
  }
  microphone.value = 'asking'
  try {
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
    stream = await navigator.mediaDevices.getUserMedia({ audio, video: false })
  } catch (error) {
    microphone.value = reason(error)
    return null
  }
  for (const track of stream.getAudioTracks()) track.onended = () => closeMicrophone('missing')
  microphone.value = 'ready'
  return stream
}

/** The open stream; opens it when needed. `null`: there is none, and `microphone` says why. */
export async function openMicrophone(): Promise<MediaStream | null> {
  if (stream?.active) return stream
  opening ??= ask().finally(() => {
    opening = null
  })
  return opening
}

export function closeMicrophone(state: MicrophoneState = 'off'): void {
  for (const track of stream?.getTracks() ?? []) track.stop()
  stream = null
  microphone.value = state
}
