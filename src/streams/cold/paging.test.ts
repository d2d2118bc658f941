import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KafkaError } from '../../core/errors.ts'
import { nextInt, seededRandom } from '../../core/random.ts'
import { noHeaders, recordBatchOf } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/index.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { order, ordersWith } from '../fixtures/orders.ts'
import { Engine } from '../in-memory/engine.ts'
import type { CommitOutcome, Written } from '../in-memory/memory-kafka.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

/** Of which a hundred fill the table. */
const part = 'x'.repeat(10_000)
const pendingBytesMax = 1 << 20
const beganMs = 1_700_000_000_000

const promoting = (options: Parameters<typeof ordersWith>[0] = {}) => ordersWith({ whenFull: 'promote', ...options })

describe('a full table whose oldest rows leave memory', () => {
  it('keeps ten times more pending parts than it has room for, and merges them all', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(promoting(), time, { pendingBytesMax })
    const { state } = engine.session
    for (let key = 0; key < 1_000; key++) engine.kafka.give(0, [order('A', key, part)], { timestampMs: beganMs + key })
    await time.until(engine.drain())
    assert.ok(state.table.liveBytes + state.cold!.bytes <= pendingBytesMax)
    assert.equal(state.table.rowCount + state.cold!.rowCount, 1_000)
    assert.equal(state.pending.count, 1_000)

    for (let key = 0; key < 1_000; key++) engine.kafka.give(0, [order('B', key)], { timestampMs: beganMs })
    await time.until(engine.drain())

    assert.deepEqual(
      engine.kafka.written.map(({ value }) => value),
      Array.from({ length: 1_000 }, (_, key) => JSON.stringify({ key, A: part, B: 'B' })),
    )
    assert.deepEqual([state.table.rowCount, state.cold!.partCount, state.cold!.bytes], [0, 0, 0])
    assert.ok(engine.accounts.every(isBalanced))
    assert.deepEqual(engine.crashes, [])
  })

  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`loses and repeats nothing where epochs are aborted and answers lost: ${seed}`, async () => {
      const time = new VirtualClock()
      const random = seededRandom(seed)
      await using engine = await Engine.start(promoting(), time, { pendingBytesMax, partitions: 2 })
      const outcomes: readonly CommitOutcome[] = ['aborted', 'answer lost', ...Array(6).fill('committed')]
      const open: number[] = []
      const merged = new Set<number>()
      for (let round = 0; round < 30; round++) {
        engine.kafka.outcomes.push(outcomes[nextInt(random, outcomes.length)]!)
        for (let i = 0; i < 12; i++) {
          const key = 12 * round + i
          const timestampMs = beganMs + 1_000 * round + nextInt(random, 5_000)
          engine.kafka.give(nextInt(random, 2), [order('A', key, part)], { timestampMs })
          open.push(key)
          if (nextInt(random, 4) > 0 || open.length === 0) continue
          const [old] = open.splice(nextInt(random, open.length), 1)
          merged.add(old!)
          engine.kafka.give(nextInt(random, 2), [order('B', old!)], { timestampMs })
        }
        await time.advance(60_000)
      }
      engine.kafka.outcomes.splice(0)
      await time.until(engine.drain())

      assert.ok(engine.accounts.every(isBalanced))
      assert.deepEqual(
        keysOf(engine.kafka.written),
        [...merged].sort((a, b) => a - b),
      )
      const { table, cold, pending } = engine.session.state
      assert.equal(pending.count, open.length)
      assert.equal(table.rowCount + cold!.rowCount, open.length)
      assert.ok(cold!.rowCount > 50, `${cold!.rowCount} are cold`)
    })
  }

  it('reads again what a crash has kept from coming back', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(promoting(), time, { pendingBytesMax })
    for (let key = 0; key < 300; key++) engine.kafka.give(0, [order('A', key, part)], { timestampMs: beganMs + key })
    await time.until(engine.drain())
    engine.kafka.readFailures.push(new Error('a read fails'), new Error('another one does'))

    engine.kafka.give(0, [order('B', 0), order('B', 1)])
    await time.advance(60_000)
    await time.until(engine.drain())

    assert.deepEqual(keysOf(engine.kafka.written), [0, 1])
    assert.equal(engine.crashes.length, 2)
    assert.equal(engine.session.state.table.rowCount + engine.session.state.cold!.rowCount, 298)
  })

  it('recalls what a flatMap makes while all that it has made before waits for that', async () => {
    const time = new VirtualClock()
    const program = topology('lines')
      .source('source')
      .flatMap('lines', (record) => record as readonly object[], { partsMax: 16 })
      .route('by-side', field('side'), { A: stage(), B: stage() })
      .correlate('by-key', field('key'), { of: ['A', 'B'], whenFull: 'promote' })
      .sink('sink')
    await using engine = await Engine.start(program, time)
    const linesOf = (side: string, from: number) =>
      JSON.stringify(Array.from({ length: 16 }, (_, at) => ({ side, key: from + at })))
    engine.kafka.give(0, [linesOf('A', 0)])
    await time.until(engine.drain())
    engine.session.state.cold!.moveOut(Infinity)
    assert.equal(engine.session.state.cold!.partCount, 16)

    // Eight batches of parts, of one of records.
    const records = Array.from({ length: 1_024 }, (_, record) => linesOf('B', 16 * record))
    engine.kafka.give(0, records)
    await time.until(engine.drain())

    assert.deepEqual(
      keysOf(engine.kafka.written),
      Array.from({ length: 16 }, (_, key) => key),
    )
    assert.deepEqual(engine.crashes, [])
  })

  it('reads parts from the checkpoint that must not be computed twice', async () => {
    const time = new VirtualClock()
    let computed = 0
    const program = topology('orders')
      .source('source')
      .route('by-side', field('side'), {
        A: stage({ part: () => ++computed, deterministic: false }),
        B: stage({ part: field('part') }),
      })
      .correlate('by-key', field('key'), { of: ['A', 'B'], whenFull: 'promote' })
      .sink('sink')
    await using engine = await Engine.start(program, time)
    engine.kafka.give(0, [order('A', 1), order('A', 2)])
    await time.until(engine.drain())
    engine.session.state.cold!.moveOut(Infinity)
    assert.equal(engine.session.state.cold!.partCount, 2)

    engine.kafka.give(0, [order('B', 2), order('B', 1)])
    await time.until(engine.drain())

    assert.deepEqual(
      engine.kafka.written.map(({ value }) => value),
      ['{"key":2,"A":2,"B":"B"}', '{"key":1,"A":1,"B":"B"}'],
    )
    assert.equal(computed, 2)
    assert.deepEqual(
      engine.kafka.calls.filter((call) => call.startsWith('read')),
      [],
    )
  })

  it('reads promoted parts from the checkpoint when their source has dropped them, even meanwhile', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(promoting(), time)
    engine.kafka.give(0, [order('A', 1), order('A', 2)])
    await time.until(engine.drain())
    const { state } = engine.session
    for (const [offset, key] of [1, 2].entries()) {
      const record = { ...noHeaders, key: undefined, value: Buffer.from(order('A', key)) }
      state.promoted.add({ partition: 0, offset, bytes: 100, encode: () => recordBatchOf(offset, 0, record) })
    }
    engine.kafka.give(0, [order('A', 3)])
    await time.until(engine.drain())
    assert.ok(state.promoted.has(0, 0) && state.promoted.has(0, 1))
    state.cold!.moveOut(Infinity)
    // The source has them when it is asked, and not when it is read.
    engine.kafka.readFailures.push(new KafkaError('KAFKA_OFFSET_LOST', 'the source has dropped them', {}))
    engine.kafka.startsAsked = (count) => (count === 1 ? 0 : 2)

    engine.kafka.give(0, [order('B', 1), order('B', 2), order('B', 3)])
    await time.until(engine.drain())

    assert.deepEqual(keysOf(engine.kafka.written), [1, 2, 3])
    assert.deepEqual(engine.crashes, [])
  })

  for (const expireBy of ['eventTime', 'processingTime'] as const) {
    it(`lets rows expire that are not in the table, by ${expireBy}`, async () => {
      const time = new VirtualClock()
      const program = promoting({ expireAfterMs: 80_000, expireBy, expireTo: 'incomplete' })
      await using engine = await Engine.start(program, time, { pendingBytesMax, epochMs: 1_000 })
      const startMs = engine.services.timeOfDay.nowMs()
      for (let key = 0; key < 400; key++) {
        engine.kafka.give(0, [order('A', key, part)], { timestampMs: startMs + 10 * key })
        if (key % 20 === 0) await time.advance(200)
      }
      await time.until(engine.drain())
      assert.ok(engine.session.state.cold!.rowCount > 250)

      // Time goes on for both clocks, until the first 300 keys are overdue, and by no sweep's step more.
      for (let round = 0; round < 20; round++) {
        await time.advance(5_000)
        const timestampMs = Math.min(engine.services.timeOfDay.nowMs(), startMs + 83_000 + 9_900)
        engine.kafka.give(0, [order('A', 10_000 + round, 'late')], { timestampMs })
      }
      await time.until(engine.drain())

      const expired = keysOf(engine.kafka.written)
      assert.ok(expired.length >= 300, `${expired.length} have expired`)
      assert.deepEqual(new Set(expired).size, expired.length)
      assert.ok(engine.accounts.every(isBalanced))
      assert.deepEqual(engine.crashes, [])
    })
  }

  it('ends the program where a row alone is too large', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(promoting(), time, { pendingBytesMax })
    for (let key = 0; key < 300; key++) engine.kafka.give(0, [order('A', key, part)], { timestampMs: beganMs + key })
    await time.until(engine.drain())

    engine.kafka.give(0, [order('A', 1_000, 'x'.repeat(1_100_000))])
    const reason = await time.until(engine.system.done)

    assert.equal(reason.kind, 'crashed')
    assert.ok(engine.crashes.every((error) => (error as { code?: string }).code === 'TABLE_FULL'))
  })
})

function keysOf(written: readonly Written[]): number[] {
  return written.map(({ value }) => (JSON.parse(value!) as { key: number }).key).sort((a, b) => a - b)
}
