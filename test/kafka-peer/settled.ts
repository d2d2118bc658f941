import { setImmediate } from 'node:timers/promises'

/** The loop has turned a few times, so what was sent over loopback has arrived and has been acted upon. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await setImmediate()
}
