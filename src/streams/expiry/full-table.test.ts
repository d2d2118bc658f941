import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../core/clock.ts'
import { nextInt, seededRandom } from '../../core/random.ts'
import { VirtualClock } from '../../testing/index.ts'
import { order, ordersWith } from '../fixtures/orders.ts'
import { stateAt } from '../fixtures/program-state.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { publication, rememberingTable } from '../fixtures/table.ts'
import { Engine } from '../in-memory/engine.ts'
import type { CommitOutcome, Written } from '../in-memory/memory-kafka.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { deadLetterSink, mergedSink, outputSinks } from '../topics/program-topics.ts'
import { FullTable } from './full-table.ts'
import { TableSweep } from './table-sweep.ts'

/** Of which a hundred fill the table. */
const part = 'x'.repeat(10_000)
const pendingBytesMax = 1 << 20
const beganMs = 1_700_000_000_000

const evicting = (options: Parameters<typeof ordersWith>[0] = {}) =>
  ordersWith({ whenFull: 'expire-oldest', ...options })

describe('a full table whose oldest rows may leave', () => {
  it('lets the oldest leave as dead letters with a reason of their own, and goes on', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(evicting(), time, { pendingBytesMax })
    for (let key = 0; key < 250; key++) engine.kafka.give(0, [order('A', key, part)], { timestampMs: beganMs + key })
    await time.until(engine.drain())
    engine.kafka.give(0, [order('B', 249)])
    await time.until(engine.drain())

    const letters = engine.kafka.written.filter(({ sink }) => sink === deadLetterSink)
    assert.ok(letters.every(({ letter }) => letter?.reason === 'EVICTED'))
    const evicted = letters.map(keyOf).sort((a, b) => a - b)
    assert.deepEqual(
      evicted,
      Array.from({ length: evicted.length }, (_, key) => key),
    )
    assert.ok(evicted.length >= 150, `${evicted.length} have left`)
    assert.ok(evicted.length < 180, `only as many leave as have to: ${evicted.length}`)
    assert.deepEqual(engine.kafka.written.filter(({ sink }) => sink === mergedSink).map(keyOf), [249])
    const [account] = engine.accounts
    assert.deepEqual([account!.expired, account!.pending], [evicted.length, 249 - evicted.length])
    assert.ok(isBalanced(account!))
    assert.deepEqual(engine.crashes, [])
  })

  it('lets no more leave than have to where all are of one time', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(evicting(), time, { pendingBytesMax })
    for (let key = 0; key < 250; key++) engine.kafka.give(0, [order('A', key, part)], { timestampMs: beganMs })

    await time.until(engine.drain())

    const [account] = engine.accounts
    assert.ok(account!.expired >= 150 && account!.expired < 180, `${account!.expired} have left`)
  })

  it('sends them to the topic of expired rows, and says of those that have expired that they have', async () => {
    const time = new VirtualClock()
    const program = evicting({ expireAfterMs: 1_000, expireTo: 'incomplete' })
    await using engine = await Engine.start(program, time, { pendingBytesMax })
    for (let key = 0; key < 120; key++) engine.kafka.give(0, [order('A', key, part)], { timestampMs: beganMs })
    await time.until(engine.drain())

    const [expiredSink] = outputSinks(engine.services.plan).expired
    const expired = engine.kafka.written.filter(({ sink }) => sink === expiredSink)
    assert.ok(expired.length >= 20)
    assert.deepEqual(
      engine.kafka.written.filter(({ sink }) => sink !== expiredSink),
      [],
    )
  })

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`loses and repeats nothing where epochs are aborted and answers lost: ${seed}`, async () => {
      const time = new VirtualClock()
      const random = seededRandom(seed)
      await using engine = await Engine.start(evicting(), time, { pendingBytesMax })
      const outcomes: readonly CommitOutcome[] = [
        'aborted',
        'answer lost',
        'committed',
        'committed',
        'committed',
        'committed',
      ]
      const given = new Set<number>()
      for (let round = 0; round < 40; round++) {
        engine.kafka.outcomes.push(outcomes[nextInt(random, outcomes.length)]!)
        for (let i = 0; i < 12; i++) {
          const key = 12 * round + i
          given.add(key)
          const timestampMs = beganMs + 1_000 * round + nextInt(random, 5_000)
          engine.kafka.give(0, [order('A', key, part)], { timestampMs })
          if (nextInt(random, 4) === 0) engine.kafka.give(0, [order('B', key, 1)], { timestampMs })
        }
        await time.advance(60_000)
      }
      engine.kafka.outcomes.splice(0)
      await time.until(engine.drain())

      const [account] = engine.accounts
      assert.ok(isBalanced(account!))
      const merged = engine.kafka.written.filter(({ sink }) => sink === mergedSink).map(keyOf)
      const evicted = engine.kafka.written.filter(({ letter }) => letter?.reason === 'EVICTED').map(keyOf)
      assert.equal(new Set(merged).size, merged.length, 'each key is merged once')
      assert.ok(evicted.length > 100, `${evicted.length} have left`)
      assert.equal(account!.expired, evicted.length)
      assert.equal(account!.emitted, 2 * merged.length)
      const left = new Set([...merged, ...evicted])
      const pending = [...engine.session.state.table.parts()].length
      assert.equal(account!.pending, pending)
      assert.ok([...given].filter((key) => !left.has(key)).length <= pending)
      assert.ok(engine.crashes.length > 0, 'operators were restarted')
    })
  }

  it('is hopeless where nothing can leave, because remembered keys take all memory', async () => {
    const table = rememberingTable()
    const state = stateAt(1, table)
    const sweep = new TableSweep(undefined, state, systemClock, { expiredMs: 0 })
    const fullTable = new FullTable(sweep, table, 1 << 20)
    const keys = Array.from({ length: 1_000 }, (_, i) => `${i} ${'k'.repeat(90)}`)
    for (let round = 0; !table.isFull; round++) {
      const records = keys.flatMap((key) => [recordOf('A', round + key), recordOf('B', round + key)])
      table.applyFitting(rowsOf(records), state.accounting.current)
      table.beginEpoch()
      table.commitEpoch()
    }
    assert.ok(table.rowCount <= 1)
    table.publishTo({ ...publication(), expire() {} })

    await fullTable.evict(async () => sweep.run(Infinity))

    fullTable.taken()
    assert.equal(fullTable.isHopeless, true)
  })
})

function keyOf({ value }: Written): number {
  return (JSON.parse(value!) as { key: number }).key
}
