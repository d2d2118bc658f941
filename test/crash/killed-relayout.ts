import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { RelayoutReport } from '../../src/streams/index.ts'
import { type CrashPlan, type CrashPoint, unharmed } from './crash-plan.ts'
import { environmentOf, type Experiment } from './program.ts'

const hook = join(import.meta.dirname, 'crash-hook.ts')
const main = join(import.meta.dirname, '../../src/cli/main.ts')
export const relayoutProgram = join(import.meta.dirname, 'relayout-topology.ts')

/** Where a move may die before it has committed: then the program is in the layout that it had. */
export const pointsBefore: readonly CrashPoint[] = [
  { step: 'InitProducerId', moment: 'before its answer is handled' },
  { step: 'OffsetFetch', moment: 'before its answer is handled' },
  { step: 'Produce of the checkpoint', moment: 'after it is sent' },
  { step: 'TxnOffsetCommit', moment: 'before its answer is handled' },
  { step: 'EndTxn', moment: 'before it is sent' },
]

/** Where it has committed, and what it has left is still there. */
export const pointsAfter: readonly CrashPoint[] = [
  { step: 'EndTxn', moment: 'after it is sent' },
  { step: 'EndTxn', moment: 'before its answer is handled' },
]

/**
 * Gives `millrace relayout` in processes of their own, which are killed at these points, and once more to its end.
 *
 * @returns How many were killed, and what the last one has found.
 */
export async function killedRelayout(
  experiment: Experiment,
  words: readonly string[],
  points: readonly CrashPoint[],
): Promise<{ killed: number; report: RelayoutReport }> {
  let killed = 0
  for (const point of points) {
    const { signal, code, said } = await relayoutIn(experiment, words, {
      ...unharmed,
      point,
      nth: 1,
      epochsMax: Infinity,
    })
    if (signal === 'SIGKILL') killed++
    else if (code !== 0) throw new Error(`the move was to die at ${JSON.stringify(point)}:\n${said}`)
  }
  const { code, said, told } = await relayoutIn(experiment, words, unharmed)
  if (code !== 0) throw new Error(`the move ended with ${code}:\n${said}`)
  return { killed, report: JSON.parse(told) }
}

async function relayoutIn(experiment: Experiment, words: readonly string[], plan: CrashPlan) {
  const all = ['relayout', relayoutProgram, ...words, '--bootstrap-servers', experiment.bootstrapServers]
  const process_ = spawn(process.execPath, ['--import', hook, main, ...all, '--yes', '--json'], {
    env: environmentOf(experiment, plan),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const [told, said, [code, signal]] = await Promise.all([
    text(process_.stdout!),
    text(process_.stderr!),
    once(process_, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
  ])
  return { code, signal, said, told }
}
