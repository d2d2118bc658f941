import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { join } from 'node:path'
import { audit } from '../../src/streams/index.ts'
import { mergesOf, saysOf, valuesOf } from '../integration/customers.ts'
import { onEachBroker, type SourceRecord, type Target } from '../integration/target.ts'
import type { CrashPoint } from './crash-plan.ts'
import { Program, runUndisturbed } from './program.ts'

const customers = 400

/** Of each customer a part of each side, which have nothing in common but their reference, and every tenth one twice. */
const records: SourceRecord[] = Array.from({ length: customers }, (_, id) =>
  ['A', 'B', ...(id % 10 === 0 ? ['A'] : [])].map((side, nth) => ({
    value: `{"stage":"${side}","key":"${side}${nth}","id":${id},"part":{"of":"${side}${id}"}}`.replace(
      '"key":"',
      `"key":"${id}`,
    ),
    partition: (id + nth) % 2,
  })),
).flat()

/** Where the first process of the new version dies, and the second one: before its epoch has committed, and after. */
const points: readonly CrashPoint[] = [
  { step: 'EndTxn', moment: 'before it is sent' },
  { step: 'EndTxn', moment: 'before its answer is handled' },
]

/** Pending parts that get other keys in a new version, of which processes are killed in the epoch that takes them in. */
export function rekeyedCampaign(target: Target): void {
  describe('a new version with other keys that is killed while it takes in pending parts again', () => {
    it('merges each of them exactly once, and the audit proves it', async () => {
      const stream = await target.stream()
      const { bootstrapServers } = target
      const { app, source, sink } = stream
      const program = join(import.meta.dirname, 'rekeyed-topology.ts')
      const versionOf = (BENCH_KEY: string) => ({
        bootstrapServers,
        app,
        source,
        sink,
        program,
        environment: { BENCH_KEY },
      })
      await stream.produce(records)
      await runUndisturbed(versionOf('key'))
      assert.deepEqual(await stream.merged(), [])

      for (const point of points) {
        const plan = { point, nth: 1, epochsMax: Infinity, hasSmallEpochs: false, waitsForStandby: false }
        await using killed = new Program(versionOf('id'), ['--heartbeat-interval-ms', '100'], plan)
        const { signal, crash } = await killed.ended
        assert.deepEqual([signal, crash?.moment], ['SIGKILL', point.moment], killed.said)
      }
      await runUndisturbed(versionOf('id'))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customers))
      const letters = await stream.deadLetters()
      const { verdict, accounting } = await audit({ bootstrapServers, app })
      assert.equal(verdict, 'proved')
      const sum = (name: 'emitted' | 'duplicate' | 'pending') =>
        accounting.reduce((total, account) => total + account[name], 0)
      // The second part of a side is a duplicate, or pending where it has come after the merge.
      assert.deepEqual(new Set(letters.map((letter) => saysOf(letter).reason)), new Set(['DUPLICATE']))
      assert.deepEqual(
        [sum('emitted'), sum('duplicate'), sum('pending') + sum('duplicate')],
        [2 * customers, letters.length, customers / 10],
      )
    })
  })
}

if (import.meta.main) onEachBroker([rekeyedCampaign])
