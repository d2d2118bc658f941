import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { systemClock } from '../src/core/clock.ts'

/** What processes took that ran at the same time: from the first to the last, and their CPU together. */
export interface TimedProcesses {
  readonly seconds: number
  readonly cpuSeconds: number
}

/**
 * Lets processes go at the same moment. Each says over its channel that it is ready, begins when it is told to, and says
 * what it took.
 */
export async function timedProcesses(children: readonly ChildProcess[]): Promise<TimedProcesses> {
  const exits = children.map((child) => once(child, 'exit'))
  // One that has ended tells nothing any more.
  const told = () =>
    Promise.all(
      children.map(async (child, index) => {
        const exit = exits[index]!.then(([code]) => Promise.reject(new Error(`a process ended with ${code} too early`)))
        return Promise.race([once(child, 'message'), exit])
      }),
    )
  try {
    await told()
    const startMs = systemClock.monotonicMs()
    const results = told()
    for (const child of children) child.send('go')
    const ended = (await results).map(([each]) => each as TimedProcesses)
    const seconds = (systemClock.monotonicMs() - startMs) / 1_000
    await Promise.all(exits)
    return { seconds, cpuSeconds: ended.reduce((sum, each) => sum + each.cpuSeconds, 0) }
  } catch (error) {
    for (const child of children) child.kill()
    throw error
  }
}
