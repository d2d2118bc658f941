import { Worker } from 'node:worker_threads'
import type { CountingActor } from './counting-actor.ts'

/** Messages to a worker thread, without any library. */
export async function bare(): Promise<CountingActor> {
  const worker = new Worker(new URL('./bare-worker.ts', import.meta.url))
  const asks = new Map<number, (total: number) => void>()
  let next = 0
  worker.on('message', ({ ask, total }: { ask: number; total: number }) => {
    asks.get(ask)!(total)
    asks.delete(ask)
  })
  return {
    title: 'postMessage',
    tell: (amount) => worker.postMessage(amount),
    ask: () =>
      new Promise((resolve) => {
        asks.set(next, resolve)
        worker.postMessage({ ask: next++ })
      }),
    stop: async () => void (await worker.terminate()),
  }
}
