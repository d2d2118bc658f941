import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../../test/until.ts'
import type { ExitReason } from '../../actors/index.ts'
import { systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { order } from '../fixtures/orders.ts'
import { Engine, type EngineOptions } from '../in-memory/engine.ts'
import { rootCause } from '../runtime/root-cause.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'
import { shardLost } from './shard-lost.ts'
import { TableOfLives } from './table-of-lives.ts'

const program = topology('orders')
  .source('source')
  .route('by-side', field('side'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
  .correlate('by-key', field('key'), { of: ['A', 'B'] })
  .sink('sink')
const patient = { drainMs: 20_000, partitions: 3, epochMs: 20, epochIdleMs: 1 }

const orders = (side: string, from: number, count = 1_000, part = side) =>
  Array.from({ length: count }, (_, key) => order(side, from + key, `${part} of ${key}`))

/** Resolves when all that was given is committed; rejects where the program has ended. */
async function settled({ kafka, system, session }: Engine): Promise<void> {
  let ended: ExitReason | undefined
  void system.done.then((reason) => (ended = reason))
  const isSettled = () => kafka.isAllCommitted && session.state.epochs.committed === kafka.lastEpoch
  await until('all is committed', () => ended !== undefined || isSettled())
  if (ended?.kind === 'crashed') throw rootCause(ended.error)
}

const outputOf = ({ kafka, accounts }: Engine) => ({
  written: kafka.written.map(({ sink, value, letter }) => JSON.stringify([sink, String(value), letter])).toSorted(),
  accounts,
})

/** Runs the program over what is given, and once more over that and what is given then, with as many workers each. */
async function twice(
  give: readonly ((engine: Engine) => void)[],
  workers: readonly number[],
  options: EngineOptions = {},
) {
  await using first = await Engine.start(program, systemClock, { ...patient, ...options, workers: workers[0]! })
  give[0]!(first)
  await settled(first)
  await first.system.stop({ drainMs: 0 })
  await using second = await Engine.resume(first, program, systemClock, {
    ...patient,
    ...options,
    workers: workers[1]!,
  })
  give[1]!(second)
  await settled(second)
  return outputOf(second)
}

describe('B17 a program whose table is in shards', () => {
  it('comes to what it comes to without, from one start to the next: merges, dead letters and accounts', async () => {
    const give = [
      ({ kafka }: Engine) => {
        kafka.give(0, [
          ...orders('A', 0),
          ...orders('A', -50, 50),
          '{"side":',
          order('C', 1, 1),
          ...orders('A', -50, 50),
        ])
        kafka.give(1, ['no JSON', ...orders('B', 500)])
      },
      ({ kafka }: Engine) => {
        kafka.give(1, orders('B', -50, 100))
        kafka.give(2, orders('A', 1_000))
      },
    ]
    const expected = await twice(give, [0, 0])

    assert.equal(expected.written.length, 1_153)
    for (const workers of [
      [2, 0],
      [0, 3],
    ])
      assert.deepEqual(await twice(give, workers), expected)
  })

  it('takes promoted parts back at a start', async () => {
    const give = [
      ({ kafka }: Engine) => kafka.give(0, orders('A', 0)),
      ({ kafka }: Engine) => kafka.give(1, orders('B', 0)),
    ]
    const { accounts } = await twice(give, [2, 3], { replayRecordsMax: 10 })
    assert.deepEqual(
      accounts.map(({ emitted, pending }) => [emitted, pending]),
      [
        [1_000, 0],
        [1_000, 0],
        [0, 0],
      ],
    )
  })

  it('fails where one of its shards is full, as one table does', async () => {
    const options = { ...patient, workers: 2, pendingBytesMax: 1 << 20 }
    await using engine = await Engine.start(program, systemClock, options)
    engine.kafka.give(0, orders('A', 0, 1_000, 'x'.repeat(2_000)))
    const isFull = (error: unknown) => MillraceError.is(error) && error.code === 'TABLE_FULL'
    await until('a shard is full', () => engine.crashes.some(isFull))
  })

  it('has no rows to be read by their keys, and says so', async () => {
    await using engine = await Engine.start(program, systemClock, { ...patient, workers: 1 })
    await assert.rejects(engine.pending(1), { code: 'WORKERS_UNFIT' })
  })
})

describe('the shards of a program over its lives', () => {
  it('count a lost one as a crash only when that comes time and again without an epoch', () => {
    const table = new TableOfLives([])
    const events = { onBatch() {}, onRefused() {}, onDropped() {} }
    table.in({ ref: () => assert.fail('there are none') }, events)
    const losses = (count: number) => Array.from({ length: count }, () => table.countsAsCrash(shardLost(0)))

    assert.equal(table.countsAsCrash(new Error('a defect')), true)
    assert.deepEqual(losses(6), [false, false, false, false, false, true])
    table.commit()
    assert.deepEqual(losses(6), [false, false, false, false, false, true])
  })
})
