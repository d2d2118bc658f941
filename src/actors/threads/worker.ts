/** A thread that runs actors. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import type { FromThread, ThreadSetup, ToThread } from './frames.ts'
import { ThreadHost } from './thread-host.ts'
import type { Channel } from './transport.ts'

const port = parentPort!

const channel: Channel<FromThread, ToThread> = {
  send: (frame, transfer) => port.postMessage(frame, transfer),
  listen: (listener) => void port.on('message', listener),
}

new ThreadHost(channel, workerData as ThreadSetup, {
  clock: systemClock,
  random: systemRandom,
  load: async (module, exportName) => ((await import(module)) as Record<string, unknown>)[exportName],
  defer: (work) => void setImmediate(work),
})
