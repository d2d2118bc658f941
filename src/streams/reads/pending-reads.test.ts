import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../core/errors.ts'
import { nextInt, seededRandom } from '../../core/random.ts'
import { comparedKey } from '../../kernel/index.ts'
import { driveTopology, VirtualClock } from '../../testing/index.ts'
import { Accounting, isBalanced } from '../epochs/accounting.ts'
import { order, ordersWith } from '../fixtures/orders.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { Engine } from '../in-memory/engine.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'
import type { HeldPart } from './pending-merge.ts'
import { PendingReads, pendingReadsMax } from './pending-reads.ts'

const stopped = new MillraceError('APP_STOPPED', 'the program was stopped')

/** Reads of a table in which a part of key 1 is pending, and what is known of those that are answered. */
function begin({ isWhole = (): boolean => true, isChanged = false } = {}) {
  const table = rememberingTable()
  table.apply(rowsOf([recordOf('A', 1)]), Accounting.from([0]).current)
  if (!isChanged) table.settle()
  const reads = new PendingReads({ app: 'app', table, cold: undefined, isWhole, epoch: 7 })
  const answers: unknown[] = []
  const ask = (key: number, signal?: AbortSignal) => {
    reads.ask(comparedKey(key), signal).then(
      ({ epoch, parts }) => answers.push([epoch, parts.map(({ offset }) => offset)]),
      (error: unknown) => answers.push(error),
    )
  }
  return { table, reads, answers, ask }
}

/** Lets promises settle. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('PendingReads', () => {
  it('answer at once where no open epoch has changed the table, and not before the function that asks has ended', async () => {
    const { answers, ask, reads } = begin()

    ask(1)
    ask(2)
    assert.equal(reads.waitingCount, 2)
    await turn()

    assert.deepEqual(answers, [
      [7, [0]],
      [7, []],
    ])
  })

  it('wait for the epoch that has changed it, and read again what a rollback has taken back', async () => {
    const { answers, ask, reads, table } = begin({ isChanged: true })
    ask(1)
    await turn()
    assert.deepEqual(answers, [])
    reads.close({ number: 8 })
    table.beginEpoch()

    reads.rollback()
    table.rollback()
    reads.look()
    await turn()

    assert.deepEqual(answers, [[7, []]])
  })

  it('wait until the table has what was pending', async () => {
    let isWhole = false
    const { answers, ask, reads } = begin({ isWhole: () => isWhole })
    ask(1)
    await turn()
    assert.deepEqual(answers, [])

    isWhole = true
    reads.look()
    await turn()

    assert.deepEqual(answers, [[7, [0]]])
  })

  it('are refused beyond their number, given up by a signal at any time, and rejected at the end', async () => {
    const { answers, ask, reads } = begin({ isChanged: true })
    const [before, after] = [new AbortController(), new AbortController()]
    for (let key = 2; key < pendingReadsMax; key++) ask(key)
    ask(1, after.signal)
    ask(1, before.signal)
    ask(1)
    await turn()
    assert.equal((answers.pop() as MillraceError).code, 'PENDING_READS_EXCEEDED')

    before.abort('before the border')
    reads.close({ number: 8 })
    after.abort('after it')
    await turn()
    assert.deepEqual(answers.splice(0), ['before the border', 'after it'])

    reads.end(stopped)
    ask(1)
    await turn()
    assert.equal(answers.length, pendingReadsMax - 1)
    assert.ok(answers.every((answer) => answer === stopped))
    assert.equal(reads.waitingCount, 0)
  })
})

describe('a read of a pending row', () => {
  it('may be asked for by a function while the table takes its record in', async () => {
    const time = new VirtualClock()
    const asked: Promise<unknown>[] = []
    const part = stage({ part: field('part') })
    const asking = topology('asking')
      .source('source')
      .route('by-side', field('side'), { A: part, B: part })
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .filter('asking', () => {
        asked.push(engine.pending(1).then((row) => row?.parts.map(({ value }) => value)))
        return true
      })
      .sink('sink')
    const engine = await Engine.start(asking, time)
    await using _ = engine
    const long = 'x'.repeat(100)
    engine.kafka.give(0, [order('A', 1, long), order('A', 2), order('A', 3)])
    await time.until(engine.drain())
    engine.kafka.give(0, [order('B', 2), order('B', 3)])
    await time.until(engine.drain())

    assert.deepEqual(await Promise.all(asked), [[long], [long]])
    assert.equal(engine.kafka.written.length, 2)
  })

  it('tells the parts of a list, and nothing of a key that is remembered', async () => {
    await using driver = await driveTopology(
      ordersWith({ collect: { B: { count: 2 } }, rememberCompleted: { forMs: 60_000, keysMax: 10 } }),
    )
    await driver.give(['B', 'B', 'A'].map((side) => order(side, 1)))
    await driver.give(['B', 'B'].map((side, at) => order(side, 2, at)))

    const row = await driver.pending<{ A: string; B: number }>('by-key', 2)

    assert.deepEqual(
      row?.parts.map(({ side, value }) => [side, value]),
      [
        ['B', 0],
        ['B', 1],
      ],
    )
    assert.deepEqual(row.missing, ['A'])
    assert.equal(await driver.pending('by-key', 1), undefined)
  })

  for (const seed of [1, 2, 3, 4]) {
    it(`tells rows that have left memory, while records need others and epochs are aborted: ${seed}`, async () => {
      const time = new VirtualClock()
      const random = seededRandom(seed)
      const program = ordersWith({ whenFull: 'promote' })
      await using engine = await Engine.start(program, time, { pendingBytesMax: 1 << 20 })
      const { kafka, session } = engine
      const keys = Array.from({ length: 300 }, (_, key) => key)
      const partOf = (key: number) => `${key}`.padEnd(10_000, '.')
      for (const key of keys) kafka.give(0, [order('A', key, partOf(key))], { timestampMs: key })
      await time.until(engine.drain())
      assert.ok(session.state.cold!.rowCount > keys.length / 2)
      // No time passes, and nothing else happens.
      const [oldest] = (await engine.pending(0))!.parts
      assert.equal(oldest!.value, partOf(0))

      const merged: number[] = []
      let told = 0
      const reads: Promise<void>[] = []
      for (let round = 0; round < 20; round++) {
        if (nextInt(random, 4) === 0) kafka.outcomes.push(nextInt(random, 2) === 0 ? 'aborted' : 'answer lost')
        for (let count = nextInt(random, 4); count > 0; count--) {
          const key = nextInt(random, keys.length)
          kafka.give(0, [order('B', key)])
          merged.push(key)
        }
        for (let count = nextInt(random, 10); count > 0; count--) {
          const key = nextInt(random, keys.length)
          const read = engine.pending(key).then((row) => {
            if (row === undefined) return assert.ok(merged.includes(key), `${key} is pending`)
            told++
            // Of a key that came twice the second part is pending, after the merge of the first.
            const [{ side, value }, ...others] = row.parts as readonly HeldPart[] as [HeldPart, ...HeldPart[]]
            assert.deepEqual([value, others], [side === 'A' ? partOf(key) : 'B', []])
            assert.ok(side === 'A' || merged.filter((each) => each === key).length > 1)
          })
          read.catch(() => {})
          reads.push(read)
        }
        await time.advance(nextInt(random, 2) * 20_000)
      }
      await time.until(Promise.all(reads))
      await time.until(engine.drain())

      assert.ok(told > 20)
      assert.equal(kafka.written.filter(({ letter }) => letter === undefined).length, new Set(merged).size)
      assert.ok(engine.accounts.every(isBalanced))
      assert.ok(session.state.table.liveBytes + session.state.cold!.bytes <= 1 << 20)
    })
  }
})
