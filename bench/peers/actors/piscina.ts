import { Piscina } from 'piscina'
import type { CountingActor } from './counting-actor.ts'

/** A pool of one thread: each task is a question, so that telling is asking many at once. */
export async function piscina(): Promise<CountingActor> {
  const filename = new URL('./piscina-task.ts', import.meta.url).href
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1 })
  const told: Promise<number>[] = []
  const run = (amount: number) => pool.run(amount, { name: 'add' }) as Promise<number>
  return {
    title: 'piscina 5.3.2',
    tell: (amount) => void told.push(run(amount)),
    async ask() {
      await Promise.all(told.splice(0))
      return run(0)
    },
    stop: () => pool.destroy(),
  }
}
