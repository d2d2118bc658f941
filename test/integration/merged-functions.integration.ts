import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { audit, explain, field, stage, topology } from '../../src/streams/index.ts'
import { customers, record, saysOf } from './customers.ts'
import { assertAccount, assertEndedBy } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

interface Part {
  readonly of: string
}

/** The customers, whose merges functions of a test see; completed keys are remembered. */
function pairs({ app, source, sink }: Stream) {
  const part = stage<unknown, Part>({ part: field('part') })
  const correlated = topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: part, B: part })
    .correlate('by-id', field('id'), { of: ['A', 'B'], rememberCompleted: { forMs: 86_400_000 } })
  return { correlated, sink }
}

export function mergedFunctions(target: Target): void {
  describe('functions after the merge', () => {
    it('publish, leave out or divert each merge once over restarts, and an audit proves it', async () => {
      const stream = await target.stream()
      await stream.produce(customers(90))
      await stream.produce([record('A', 100), record('A', 0)])
      const { correlated, sink } = pairs(stream)
      const program = correlated
        .filter('third', (_, id) => Number(id) % 3 !== 0)
        .map('names', ({ A, B }, id) => {
          if (Number(id) % 10 === 1) throw new Error(`${id} is no customer`)
          return id === 2 ? null : [id, A.of, B.of]
        })
        .sink(sink)

      await stream.run(program)
      // What was left out is remembered as well as what was published.
      await stream.produce([record('B', 100), record('B', 3), record('B', 4)])
      const { report } = await stream.run(program)

      const ids = Array.from({ length: 90 }, (_, id) => id)
      const published = [...ids.filter((id) => id % 3 !== 0 && id % 10 !== 1), 100]
      const failed = ids.filter((id) => id % 3 !== 0 && id % 10 === 1)
      assert.deepEqual(
        (await stream.merged()).map(({ key, value }) => [Number(key), value]).sort(([a], [b]) => Number(a) - Number(b)),
        published.map((id) => [id, id === 2 ? null : `[${id},"A${id}","B${id}"]`]),
      )
      const letters = (await stream.deadLetters()).map(saysOf)
      assert.equal(letters.filter(({ reason }) => reason === 'COMPLETED').length, 3)
      assert.deepEqual(
        letters.flatMap(({ reason, cause }) => (reason === 'MERGE_FAILED' ? [cause] : [])).sort(),
        failed.flatMap((id) => Array<string>(2).fill(`"names" failed: ${id} is no customer`)).sort(),
      )
      assertAccount(report, {
        emitted: 2 * published.length,
        filtered: 2 * 30,
        deadLettered: 2 * failed.length,
        duplicate: 3,
      })
      const { verdict, accounting } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
      assert.equal(verdict, 'proved')
      assert.deepEqual(accounting, report.accounting)
      const { published: found } = await explain({
        bootstrapServers: target.bootstrapServers,
        app: stream.app,
        key: '4',
      })
      assert.deepEqual(
        found.map(({ parts }) => parts.map(({ side }) => side)),
        [['A', 'B']],
      )
    })

    it('end the program when they fail on everything; started again with good ones it gives the whole result', async () => {
      const stream = await target.stream()
      await stream.produce(customers(100))
      const { correlated, sink } = pairs(stream)
      const broken = correlated
        .map('broken', (): never => {
          throw new Error('always')
        })
        .sink(sink)

      const failed = await stream.run(broken, { maxConsecutivePoison: 10 })
      const lettersBefore = (await stream.deadLetters()).length
      const mended = await stream.run(correlated.map('mended', ({ A }) => A.of).sink(sink))

      assertEndedBy(failed.error, 'STAGE_FAILS_ON_EVERYTHING')
      assert.equal(failed.report.isBalanced, true)
      assert.equal((await stream.merged()).length, 100)
      assert.equal((await stream.deadLetters()).length, lettersBefore)
      assertAccount(mended.report, { emitted: 200 })
    })

    it('end the program when one returns a promise', async () => {
      const stream = await target.stream()
      await stream.produce(customers(1))
      const { correlated, sink } = pairs(stream)

      const { error } = await stream.run(correlated.map('later', async ({ A }) => A).sink(sink))

      assertEndedBy(error, 'TOPOLOGY_INVALID')
      assert.deepEqual(await stream.merged(), [])
    })

    it('make dead letters of what is too large for the sink once it is made, and not before', async () => {
      const stream = await target.stream({ sinkConfig: { 'max.message.bytes': '1000' } })
      const large = (side: string, id: number) => ({
        value: JSON.stringify({ stage: side, id, part: { of: side.repeat(600) } }),
      })
      await stream.produce([1, 2].flatMap((id) => [large('A', id), large('B', id)]))
      const { correlated, sink } = pairs(stream)

      const { report } = await stream.run(
        correlated.map('one', ({ A, B }, id) => (id === 1 ? A.of : [A, B])).sink(sink),
      )

      assert.deepEqual(
        (await stream.merged()).map(({ value }) => value),
        [JSON.stringify('A'.repeat(600))],
      )
      assert.deepEqual(
        (await stream.deadLetters()).map((letter) => saysOf(letter).reason),
        ['MERGE_TOO_LARGE', 'MERGE_TOO_LARGE'],
      )
      assertAccount(report, { emitted: 2, deadLettered: 2 })
    })
  })
}

if (import.meta.main) onEachBroker([mergedFunctions])
