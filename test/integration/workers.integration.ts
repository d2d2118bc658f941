import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../src/core/errors.ts'
import { onWorkers } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, record, valuesOf } from './customers.ts'
import { endedVariable, mortal } from './mortal-functions.ts'
import { assertAccount, assertProved } from './run.ts'
import { onEachBroker, type Target } from './target.ts'

const part = onWorkers(mortal, new URL('./mortal-functions.ts', import.meta.url))
const killsMin = 50
const count = 12_000

export function workersThatEnd(target: Target): void {
  describe('B17 E1 a program whose workers end', () => {
    it('gives what it gives without workers, and accounts for each record, through 50 ends of a worker', async () => {
      const stream = await target.stream()
      await stream.produce(customers(count))
      let kills = 0
      const onCrash = (error: unknown) => {
        if (MillraceError.is(error) && error.code === 'ACTOR_THREAD_DOWN') process.env[endedVariable] = `${++kills}`
      }

      const { report, error } = await stream.run(customerTopology(stream, { part }), { workers: 2, onCrash })
      delete process.env[endedVariable]

      assert.equal(error, undefined)
      assert.ok(kills >= killsMin, `${kills} ends of a worker`)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(count))
      assert.deepEqual(await stream.deadLetters(), [])
      assertAccount(report, { emitted: 2 * count })
      await assertProved(target, stream)
    })

    it('goes on with another number of workers from its checkpoint, as if it had always had them', async () => {
      const stream = await target.stream()
      const sidesOf = (side: string) => Array.from({ length: 1_000 }, (_, id) => record(side, id))
      const topology = customerTopology(stream, { part })
      await stream.produce(sidesOf('A'))
      const first = await stream.run(topology, { workers: 3 })
      await stream.produce(sidesOf('B').slice(0, 500))
      const second = await stream.run(customerTopology(stream, { part: ({ part: own }) => own }))
      await stream.produce(sidesOf('B').slice(500))
      const third = await stream.run(topology, { workers: 1 })

      assert.deepEqual([first.error, second.error, third.error], [undefined, undefined, undefined])
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1_000))
      assertAccount(third.report, { emitted: 2_000 })
      await assertProved(target, stream)
    })
  })
}

if (import.meta.main) onEachBroker([workersThatEnd])
