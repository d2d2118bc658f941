import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { nextInt, seededRandom } from '../../src/core/random.ts'
import type { CrashPlan, CrashPoint } from './crash-plan.ts'
import type { Experiment } from './program.ts'

const hook = join(import.meta.dirname, 'crash-hook.ts')
const main = join(import.meta.dirname, '../../src/cli/main.ts')

/** Where a request may die before it has committed. */
const before: readonly CrashPoint[] = [
  { step: 'InitProducerId', moment: 'before its answer is handled' },
  { step: 'Produce of outputs', moment: 'after it is sent' },
  { step: 'EndTxn', moment: 'before it is sent' },
]

/** Where it has committed, and does not know it: a next one finds nothing to do. */
const after: readonly CrashPoint[] = [
  { step: 'EndTxn', moment: 'after it is sent' },
  { step: 'EndTxn', moment: 'before its answer is handled' },
]

/**
 * Has all dead letters redriven by processes of `millrace redrive` that are killed, one after the other, and a last one
 * that is not.
 *
 * @param seed - Draws where they are killed.
 */
export async function killedRedrives(experiment: Experiment, seed: number): Promise<void> {
  const random = seededRandom(seed)
  for (const points of [before, after]) {
    const point = points[nextInt(random, points.length)]!
    const { signal, said } = await redriveIn(experiment, point)
    if (signal !== 'SIGKILL') throw new Error(`the request was to die at ${JSON.stringify(point)}:\n${said}`)
  }
  const { code, said } = await redriveIn(experiment, undefined)
  if (code !== 0) throw new Error(`the request ended with ${code}:\n${said}`)
}

async function redriveIn({ bootstrapServers, app }: Experiment, point: CrashPoint | undefined) {
  const plan: CrashPlan = {
    ...(point && { point }),
    nth: 1,
    epochsMax: Infinity,
    hasSmallEpochs: false,
    waitsForStandby: false,
  }
  const words = ['redrive', '--app', app, '--bootstrap-servers', bootstrapServers, '--yes']
  const process_ = spawn(process.execPath, ['--import', hook, main, ...words], {
    env: { ...process.env, MILLRACE_CRASH_PLAN: JSON.stringify(plan) },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const [said, [code, signal]] = await Promise.all([
    text(process_.stderr!),
    once(process_, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
  ])
  return { code, signal, said }
}
