/** A thread that runs actors. */
import { parentPort } from 'node:worker_threads'
import { systemClock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import type { FromThread, ToNewThread, ToThread } from './frames.ts'
import { receive } from './new-thread.ts'
import type { Channel } from './transport.ts'

const port = parentPort!

const channel: Channel<FromThread, ToThread | ToNewThread> = {
  send: (frame, transfer) => port.postMessage(frame, transfer),
  listen: (listener) => void port.on('message', listener),
}

receive(channel, {
  clock: systemClock,
  random: systemRandom,
  load: async (module, exportName) => ((await import(module)) as Record<string, unknown>)[exportName],
  preload: (modules) => Promise.allSettled(modules.map((module) => import(module))),
  defer: (work) => void setImmediate(work),
})
