import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextInt, seededRandom, systemRandom } from '../../src/core/random.ts'
import { audit, type Layout, redrive } from '../../src/streams/index.ts'
import { keyedRecords } from '../integration/keyed-topology.ts'
import { onEachBroker, type Target } from '../integration/target.ts'
import type { CrashPoint } from './crash-plan.ts'
import { killedRelayout, pointsAfter, pointsBefore, relayoutProgram } from './killed-relayout.ts'
import { runUndisturbed } from './program.ts'
import { isFaulty, isFaultyMerge } from './relayout-faults.ts'

const partitions = 2
/** In the long mode all points are met in both directions, with so many pending rows. */
const isLong = process.env['MILLRACE_RELAYOUT_ROWS'] !== undefined
const rows = Number(process.env['MILLRACE_RELAYOUT_ROWS'] ?? 3_000)
const batch = 10_000
/** Another one for each broker. */
let seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())

/** A program changes its layout while the processes that take it there are killed, and comes back. */
export function relayoutCampaign(target: Target): void {
  describe('a program whose layout changes while that is killed again and again', () => {
    it('loses nothing that is pending, promoted, dead or redriven, and merges nothing twice', async (t) => {
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const random = seededRandom(seed++)
      const { bootstrapServers } = target
      const stream = await target.stream({ sourcePartitions: partitions })
      const { app, source, sink } = stream
      const inLayout = (layout: Layout, faulty = '') => ({
        bootstrapServers,
        app,
        source,
        sink,
        program: relayoutProgram,
        environment: { BENCH_LAYOUT: layout, BENCH_FAULTY: faulty },
      })
      const flags = [
        '--replay-records-max',
        String(rows / 4),
        '--pending-bytes-max',
        String(Math.max(1 << 20, rows * 100)),
        '--stage-attempts',
        '1',
      ]
      const redriveAll = async (reason: string) => (await redrive({ app, bootstrapServers, reason })).redriven
      const produce = async (side: string, from: number, to: number) => {
        for (let at = from; at < to; at += batch) {
          const records = keyedRecords([side], at, Math.min(to, at + batch))
          await stream.produce(records.map(({ value }, number) => ({ value, partition: number % partitions })))
        }
      }
      const points = (): readonly CrashPoint[] =>
        isLong
          ? [...pointsBefore, ...pointsAfter]
          : [pointsBefore, pointsAfter].map((some) => some[nextInt(random, some.length)]!)
      await produce('A', 0, rows)
      await runUndisturbed(inLayout('single', 'A'), flags)
      const redrivenBefore = await redriveAll('STAGE_FAILED')
      await produce('B', 0, rows)
      await runUndisturbed(inLayout('single'), flags)

      const there = await killedRelayout(inLayout('single'), ['--to', 'routed', '--tasks', '4'], points())

      await produce('C', 0, rows / 2)
      await runUndisturbed(inLayout('routed', 'C'), flags)
      const routed = await audit({ app, bootstrapServers })
      assert.deepEqual([routed.verdict, routed.next?.verdict], ['proved', 'proved'])
      const faulty = Array.from({ length: rows }, (_, id) => id).filter(isFaulty)
      const faultyInC = faulty.filter((id) => id < rows / 2).length
      assert.equal(pendingOf(routed.next!), rows + 2 * faultyInC)
      // They go the way back unread.
      assert.deepEqual([redrivenBefore, await redriveAll('STAGE_FAILED')], [faulty.length, faultyInC])

      const back = await killedRelayout(inLayout('routed'), ['--to', 'single'], points())
      // Letters of merges have come along, and name the records of their parts.
      const ofMerges = Array.from({ length: rows / 2 }, (_, id) => id).filter(isFaultyMerge).length
      assert.equal(await redriveAll('MERGE_FAILED'), 3 * ofMerges)

      await produce('C', rows / 2, rows)
      await runUndisturbed(inLayout('single'), flags)
      const { verdict } = await audit({ app, bootstrapServers })
      assert.equal(verdict, 'proved')
      const merged = (await stream.merged()).map(({ value }) => (JSON.parse(value!) as { id: number }).id)
      assert.deepEqual(
        merged.sort((a, b) => a - b),
        Array.from({ length: rows }, (_, id) => id),
      )
      t.diagnostic(`${there.killed} and ${back.killed} moves were killed`)
      assert.deepEqual([there.report.from, back.report.from], ['routed', 'single'])
      // The last one of those that die has committed.
      const killed = (isLong ? pointsBefore.length : 1) + 1
      assert.deepEqual([there.killed, back.killed], [killed, killed])
    })
  })
}

function pendingOf({ accounting }: Awaited<ReturnType<typeof audit>>): number {
  return accounting.reduce((sum, { pending }) => sum + pending, 0)
}

if (import.meta.main) onEachBroker([relayoutCampaign])
