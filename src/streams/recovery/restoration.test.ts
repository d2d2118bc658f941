import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSystem } from '../../actors/index.ts'
import { MillraceError } from '../../core/errors.ts'
import { noSide, type RecordColumns } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/index.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { emptyDigest } from '../checkpoint/digest.ts'
import { PromotedPlaces } from '../retention/promoted-places.ts'
import { Engine } from '../in-memory/engine.ts'
import { Accounting } from '../epochs/accounting.ts'
import { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import { order, orders } from '../fixtures/orders.ts'
import { stateAt } from '../fixtures/program-state.ts'
import { rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { Lives } from '../runtime/life.ts'
import { rootCause } from '../runtime/root-cause.ts'
import { standbyTree } from '../runtime/supervision-tree.ts'
import { Sources } from '../topics/sources.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'
import type { RecoveredState } from './program-state.ts'
import type { RestoringSession } from './session.ts'
import { stateAfter } from './state-after.ts'

/** What a process finds that stands by: a checkpoint after five orders, of which three are pending. */
async function leftBy(time: VirtualClock): Promise<Engine> {
  const engine = await Engine.start(orders, time)
  engine.kafka.give(0, [order('A', 1), order('A', 2), order('B', 1), order('B', 3), order('A', 4)])
  await time.until(engine.drain())
  return engine
}

/** The session of that process, whose table is empty. */
function sessionAfter({ kafka, services }: Engine): RestoringSession {
  const { plan, options, topics, logger } = services
  const sources = new Sources(kafka.sources)
  const none = sources.partitions.list.map(() => 0)
  const request = {
    plan,
    options,
    sources,
    outputs: topics.sinks,
    logStarts: none,
    logEnds: [],
    startOffsets: none,
    records: kafka.checkpoint,
    promotedPlaces: new PromotedPlaces(),
    spareMemory: { take: () => undefined },
    logger,
    tracing: undefined,
  }
  const lives = new Lives(services)
  lives.begin()
  const state = stateAfter(request, manifestOf(kafka.checkpoint)!)
  return { state, sources, lives, openStreaks: new Set() }
}

/** Reads what is pending through route and stages, and says how that ends. */
async function restore(time: VirtualClock, { services, kafka }: Engine, session: RestoringSession) {
  const { ports } = kafka
  const restored = Promise.withResolvers<void>()
  const tree = standbyTree({ services, session, ports, onRestored: restored.resolve })
  const system = await startSystem({ name: 'standby', ...tree, clock: time })
  const reason = await time.until(Promise.race([restored.promise, system.done]))
  await time.until(system.stop({ drainMs: 0 }))
  return reason === undefined || reason.kind !== 'crashed' ? 'restored' : rootCause(reason.error)
}

describe('a restoration', () => {
  it('takes in the pending parts and no others, and publishes nothing', async () => {
    const time = new VirtualClock()
    await using engine = await leftBy(time)
    const session = sessionAfter(engine)
    const { restoration, table, pending } = session.state
    assert.deepEqual([restoration.isDone, ...restoration.firstOffsets], [false, 1])

    const end = await restore(time, engine, session)

    assert.equal(end, 'restored')
    assert.deepEqual([restoration.isDone, ...restoration.firstOffsets], [true, 5])
    assert.deepEqual(
      Array.from(table.parts(), ({ offset }) => offset).sort((a, b) => a - b),
      [1, 3, 4],
    )
    assert.equal(pending.count, 3)
    assert.equal(engine.kafka.written.length, 1)
  })

  it('fails where the source gives other parts than those that the checkpoint has', async () => {
    const time = new VirtualClock()
    await using engine = await leftBy(time)
    await using other = await Engine.start(orders, time)
    other.kafka.give(0, [order('A', 1), order('A', 7), order('B', 1), order('B', 3), order('A', 4)])
    const session = sessionAfter(engine)

    const end = await restore(time, other, session)

    assert.ok(MillraceError.is(end))
    assert.equal(end.code, 'CHECKPOINT_CORRUPT')
    assert.equal(session.state.restoration.isDone, false)
  })
})

/** So many rows, of half a kilobyte each, from an offset on. */
function rowsFrom(offset: number, count: number): RecordColumns {
  const filling = 'x'.repeat(500)
  const records = Array.from({ length: count }, (_, row) => JSON.stringify({ side: 'A', key: offset + row, filling }))
  const columns = rowsOf(records)
  for (let row = 0; row < count; row++) {
    columns.offset[row]! += offset
    columns.timestamp[row] = offset + row
  }
  return columns
}

const partCount = 400
const batchRows = 50

/** The state of a program with so many pending parts, whose table has room for a fifth of them. */
function stateWithFullTable(): RecoveredState {
  const pending = new PendingOffsets(1)
  const written = stateAt(0)
  takeAll((rows) => written.table.apply(rows, written.accounting.current))
  const digests = [emptyDigest]
  written.table.epochChanges((partition, chunk, bits, added, growth) => {
    pending.sets[partition]!.turnOver(chunk, bits, added)
    pending.addGrowth(digests, partition, growth)
  })
  pending.startAt(digests)
  const accounting = Accounting.from([partCount])
  return stateAt(1, rememberingTable(), { pending, accounting, coldFromBytes: partCount * 150 })
}

function takeAll(take: (rows: RecordColumns) => void): void {
  for (let offset = 0; offset < partCount; offset += batchRows) take(rowsFrom(offset, batchRows))
}

describe('a restoration of more than the table has room for', () => {
  it('has the oldest rows move out, and finds number and digest of all', () => {
    const { restoration, table, cold, pending } = stateWithFullTable()

    takeAll((rows) => restoration.take(rows))
    restoration.finish()

    assert.equal(table.rowCount + cold!.rowCount, partCount)
    assert.ok(table.rowCount > 0 && cold!.rowCount > partCount / 2, `${cold!.rowCount} are cold`)
    assert.equal(pending.count, partCount)
    // The youngest are in the table.
    assert.equal(cold!.readyRows(rowsFrom(partCount - 10, 10)), 10)
    assert.equal(cold!.readyRows(rowsFrom(0, 10)), 0)
  })

  it('keeps nothing of a life that ended before it was done', () => {
    const { restoration, table, cold } = stateWithFullTable()
    for (let offset = 0; offset < partCount / 2; offset += batchRows) restoration.take(rowsFrom(offset, batchRows))
    assert.equal(cold!.isEmpty, false)
    table.rollback()

    restoration.beginAnew()
    assert.deepEqual([table.rowCount, cold!.rowCount], [0, 0])
    takeAll((rows) => restoration.take(rows))
    restoration.finish()

    assert.equal(table.rowCount + cold!.rowCount, partCount)
  })

  it('fails where parts are others than those that the checkpoint has', () => {
    const { restoration } = stateWithFullTable()
    const others = rowsFrom(0, batchRows)
    others.side[0] = noSide
    assert.throws(() => restoration.take(others), { code: 'CHECKPOINT_CORRUPT' })
  })

  it('leaves no row in two places', async () => {
    const time = new VirtualClock()
    const part = 'x'.repeat(10_000)
    const options = { pendingBytesMax: 1 << 20, partitions: 2 }
    const program = topology('orders')
      .source('source')
      .route('by-side', field('side'), { A: stage(), B: stage(), C: stage() })
      .correlate('by-key', field('key'), { of: ['A', 'B', 'C'], whenFull: 'promote' })
      .sink('sink')
    await using engine = await Engine.start(program, time, options)
    // One partition is restored after the other, and its parts alone are young.
    for (const [partition, side] of ['A', 'B'].entries()) {
      for (let key = 0; key < 150; key++) {
        engine.kafka.give(partition, [order(side, key, part)], { timestampMs: 1_000 * partition + key })
      }
    }
    await time.until(engine.drain())
    const session = sessionAfter(engine)

    assert.equal(await restore(time, engine, session), 'restored')

    const { table, cold, pending } = session.state
    assert.equal(pending.count, 300)
    assert.ok(cold!.rowCount > 75, `${cold!.rowCount} are cold`)
    assert.equal(table.rowCount + cold!.rowCount, 150)
  })
})
