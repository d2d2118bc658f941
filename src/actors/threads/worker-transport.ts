import { Worker } from 'node:worker_threads'
import type { FromThread, ToNewThread, ToThread } from './frames.ts'
import type { StartedThread, ThreadGone, ThreadStart, Transport } from './transport.ts'
import { moduleUrl } from '../../core/code-root.ts'
import { threadFlags } from '../../core/thread-flags.ts'

/** Threads of Node. */
export const workerTransport: Transport = {
  start: (options) => new WorkerThread(options),
  defer: (work) => void setImmediate(work),
}

class WorkerThread implements StartedThread {
  readonly #worker: Worker
  #error: Error | undefined
  #isTerminated = false
  #listener: ((frame: readonly FromThread[]) => void) | undefined

  constructor({ name, heapMb, onGone }: ThreadStart) {
    const entry = moduleUrl('actors/threads/worker-entry')
    const resourceLimits = heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb }
    this.#worker = new Worker(entry, { name, resourceLimits, ...threadFlags })
    this.#worker.on('message', (frame: readonly FromThread[]) => this.#listener?.(frame))
    this.#worker.on('error', (error: Error) => (this.#error = error))
    this.#worker.on('exit', (code) => {
      if (!this.#isTerminated) onGone(this.#goneBy(code))
    })
  }

  send(frame: readonly (ToThread | ToNewThread)[], transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(frame, transfer)
  }

  listen(listener: (frame: readonly FromThread[]) => void): void {
    this.#listener = listener
  }

  async terminate(): Promise<void> {
    this.#isTerminated = true
    await this.#worker.terminate()
  }

  #goneBy(code: number): ThreadGone {
    const cause = this.#error
    if (cause === undefined) return { kind: 'exited', cause: new Error(`it exited with code ${code}`) }
    const isOutOfMemory = 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
    return { kind: isOutOfMemory ? 'outOfMemory' : 'threw', cause }
  }
}
