/**
 * Plants faults into the participants of epochs, one at a time: one that does not close, commit or roll back, and two
 * that are called in each other's place. A course of epochs, which is judged by a model after each of them, has to fail
 * with each.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  encodeHeader,
  type OutputBatch,
  OutputBuilder,
  PUBLISHED,
  type RecordColumns,
  TRACED,
  tracedMerge,
} from '../../kernel/index.ts'
import { manifestOf, replay } from '../checkpoint/checkpoint-records.ts'
import { CheckpointWriter, pieceBytesOf, putInto } from '../checkpoint/checkpoint-writer.ts'
import { areEqualDigests, type Digest, sumOf } from '../checkpoint/digest.ts'
import { ManifestWriter } from '../checkpoint/manifest-writer.ts'
import { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import { readRuns } from '../deduplication/completed-runs.ts'
import { RememberedKeys } from '../deduplication/remembered-keys.ts'
import { EventClock } from '../expiry/event-clock.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { orders } from '../fixtures/orders.ts'
import { recordingTracer } from '../fixtures/recording-tracer.ts'
import { VirtualClock } from '../../testing/index.ts'
import { planTopology } from '../topology/plan.ts'
import { number } from '../../state/index.ts'
import { decoded } from '../tables/kept-table.ts'
import { ProgramTables } from '../tables/program-tables.ts'
import { CheckpointTables } from '../tables/checkpoint-tables.ts'
import { isTableWhole } from '../tables/whole-table.ts'
import { table as tableOf } from '../topology/table.ts'
import { TracerSpans } from '../tracing/tracer-spans.ts'
import { storeIn } from '../in-memory/memory-kafka.ts'
import { stderrLogger } from '../logs/logger.ts'
import { PendingReads } from '../reads/pending-reads.ts'
import { PromotedParts } from '../retention/promoted-parts.ts'
import { rowKey, windowPrefix } from '../windows/window-name.ts'
import { numberBytesMax } from '../windows/window-row.ts'
import { WindowRows, windowTable } from '../windows/window-rows.ts'
import { AcceptedLoss } from './accepted-loss.ts'
import { partitionsOfSource, someIdentity } from '../fixtures/partitions.ts'
import { accountsOf, Accounting, isBalanced } from './accounting.ts'
import type { EpochParticipant } from './epoch-participant.ts'
import { Epochs } from './epochs.ts'
import { RetakenParts } from './retaken-parts.ts'
import { inOrder, type Participants } from './participants.ts'
import { TableEpochs } from './table-epochs.ts'

type Name = keyof Participants
type Method = 'close' | 'commit' | 'rollback'
/** Changes the participants as they were declared. */
type Fault = (declared: readonly EpochParticipant[], of: Participants) => readonly EpochParticipant[]

const noFault: Fault = (declared) => declared

/** One that has a method which does nothing. */
function without(name: Name, method: Method): Fault {
  return (declared, of) =>
    declared.map((participant) => {
      if (participant !== of[name]) return participant
      const kept: EpochParticipant = {
        close: (epoch) => participant.close(epoch),
        commit: () => participant.commit(),
        rollback: () => participant.rollback(),
      }
      return { ...kept, [method]: () => {} }
    })
}

/** Two in each other's place. */
function swapped(left: Name, right: Name): Fault {
  return (declared, of) =>
    declared.map((participant) => {
      if (participant === of[left]) return of[right]!
      return participant === of[right] ? of[left]! : participant
    })
}

/** Offsets that the source has lost before the first epoch: one pending part, and two offsets that were not read. */
const lostPart = 2
const unread = 2
const firstOffset = 5
/** Offsets that were pending under other keys: the first two of them complete one. */
const retakenParts = [1, 3, 4]
const keysMax = 3
/** Records by the last digit of their key, of which those of 0 are forgotten each time that there are three. */
const perDigit = tableOf('per-digit', { key: number, value: number })
const digits = Array.from({ length: 10 }, (_, digit) => digit)
/** What a part carries whose trace is followed. */
const parent = Buffer.from(`00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`)
const followedContext = Buffer.concat([Buffer.of(1 | TRACED), encodeHeader('traceparent', parent)])
const latestMs = 1e9
/** Five records are in a window, of which the last one is open. */
const windowMs = 50

/**
 * A record by its number: the side, key and time follow from it. Of six in a row four are the parts of two keys, two
 * wait.
 */
interface Consumed {
  readonly offset: number
  /** Undefined where nothing becomes pending of it. */
  readonly side: 'A' | 'B' | undefined
  readonly key: number
  readonly ms: number
}

function consumedAt(offset: number): Consumed {
  const at = offset % 6
  const key = Math.floor(offset / 6) * 6 + (at < 4 ? at % 2 : at)
  return { offset, side: at < 2 || at > 3 ? 'A' : 'B', key, ms: 1_000 + 10 * offset }
}

/** What the model says of the records of committed epochs. */
class Model {
  /** Offsets by key; the first epoch takes in again what was pending under others. */
  readonly pending = new Map<number, number>(retakenParts.map((offset) => [-offset, offset]))
  readonly completed: number[] = []
  nextOffset = firstOffset + unread
  latestMs = -Infinity
  emitted = 0
  readonly perDigit = new Map<number, number>()
  /** Records of the open window, by its start; and windows that have closed. */
  readonly open = new Map<number, number>()
  taken = 0
  results = 0

  retake(): void {
    this.pending.clear()
    for (const offset of retakenParts) this.#take(consumedAt(offset))
  }

  commit(records: readonly Consumed[]): void {
    for (const record of records) {
      this.nextOffset = record.offset + 1
      if (record.side === undefined) continue
      countIn(this.perDigit, record)
      this.#window(record)
      this.#take(record)
      this.latestMs = Math.max(this.latestMs, record.ms)
    }
  }

  /** Windows that are over leave at the border. */
  close(records: readonly Consumed[]): void {
    const { ms } = records.at(-1) ?? { ms: 0 }
    for (const start of this.open.keys()) {
      if (start >= ms - (ms % windowMs)) continue
      this.open.delete(start)
      this.results++
    }
  }

  #window({ ms }: Consumed): void {
    const start = ms - (ms % windowMs)
    this.open.set(start, (this.open.get(start) ?? 0) + 1)
    this.taken++
  }

  #take({ key, offset }: Consumed): void {
    if (this.pending.has(key)) {
      this.pending.delete(key)
      this.completed.push(key)
      this.emitted += 2
    } else this.pending.set(key, offset)
  }
}

/** Counts a record by the last digit of its key. */
function countIn(rows: Pick<Map<number, number>, 'get' | 'set' | 'delete'>, { key }: Consumed): void {
  const digit = key % 10
  const count = (rows.get(digit) ?? 0) + 1
  if (digit === 0 && count === 3) rows.delete(digit)
  else rows.set(digit, count)
}

/** A program without operators: a table and all that takes part in its epochs, and what its checkpoint topic holds. */
class Program {
  readonly topic = new Map<string, Uint8Array>()
  readonly #table = rememberingTable()
  readonly #accounting = Accounting.from([firstOffset])
  readonly #pending = new PendingOffsets(1)
  readonly #promoted = new PromotedParts(this.#pending.sets)
  readonly #clock = new EventClock([false])
  readonly #loss: AcceptedLoss
  readonly #retaken: RetakenParts
  readonly #tables = new ProgramTables([perDigit], 1_000)
  readonly #windows = new WindowRows({ id: 'windows', bytesMax: 1 << 20, areNumbers: true, areByKey: false })
  readonly #reads: PendingReads
  readonly #tracer = recordingTracer()
  readonly #spans = new TracerSpans(
    { tracer: this.#tracer.tracer, clock: new VirtualClock(), logger: stderrLogger },
    { plan: planTopology(orders), partitions: partitionsOfSource() },
  )
  readonly #epochs: Epochs
  readonly #model = new Model()
  /** Of the closed epoch, and of the current one. */
  #closed: Consumed[] = []
  #current: Consumed[] = []
  #batches: OutputBatch[] = []
  /** Reads that were asked for in the closed epoch, and in the current one. */
  #waiting = { closed: 0, current: 0 }
  #commits = 0
  /** Offsets whose parts are promoted with the epoch that consumes them, of committed epochs. */
  readonly #promotable = new Set<number>()

  constructor(fault: Fault) {
    // As a start finds it: one part was pending, which the source has lost, and others under other keys.
    for (const offset of [lostPart, ...retakenParts]) this.#pending.sets[0]!.add(offset)
    this.#pending.startAt([[0, 0]])
    this.#loss = new AcceptedLoss(
      {
        accounting: this.#accounting,
        pending: this.#pending,
        promoted: this.#promoted,
        partitions: partitionsOfSource(),
      },
      [{ pendingOffsets: [lostPart], unread }],
    )
    this.#pending.redigest([[0, 0]])
    this.#retaken = new RetakenParts(this.#pending, true)
    const [table, isWhole] = [this.#table, () => !this.#loss.isDue && !this.#retaken.isDue]
    this.#reads = new PendingReads({ app: 'app', table, cold: undefined, isWhole, epoch: 0 })
    const participants: Participants = {
      loss: this.#loss,
      retaken: this.#retaken,
      pending: this.#pending,
      remembered: new RememberedKeys({ forMs: latestMs, keysMax, by: 'eventTime' }, this.#table, this.#clock),
      eventClock: this.#clock,
      deltas: new CheckpointWriter(this.#pending),
      promoted: this.#promoted,
      accounting: this.#accounting,
      tables: this.#tables,
      windows: this.#windows,
      reads: this.#reads,
      table: new TableEpochs(this.#table),
      spans: this.#spans,
      manifest: new ManifestWriter(someIdentity),
    }
    this.#epochs = new Epochs(fault(inOrder(participants), participants), 0)
    this.#epochs.begin()
  }

  /** Consumes so many offsets; every fourth part is to be promoted. */
  consume(count: number): void {
    if (this.#commits === 0 && !this.#retaken.isWhole) this.#retake()
    const { current } = this.#accounting
    const from = current.nextOffsets[0]!
    const records = Array.from({ length: count }, (_, at) => consumedAt(from + at))
    const columns = rowsOf(records.map(({ side, key }) => recordOf(side!, key)))
    records.forEach(({ offset, ms }, row) => {
      columns.offset[row] = offset
      columns.timestamp[row] = ms
      const part = { partition: 0, offset, bytes: 1, encode: () => Uint8Array.of(offset) }
      if (offset % 8 === 0) this.#promoted.add(part)
      if (offset % 8 === 4) this.#promoted.addOverdue([part])
    })
    void this.#reads.ask({ bytes: Buffer.from(String(records[0]!.key)), isNumber: true })
    this.#waiting.current++
    this.#count(records)
    for (const record of records) this.#takeIntoWindow(record)
    this.#apply(columns)
    this.#clock.observe(columns, latestMs, false)
    current.nextOffsets[0] = from + count
    this.#current.push(...records)
  }

  /** Counts records as a function does; a further call fails. */
  #count(records: readonly Consumed[]): void {
    const call = (record: Consumed) => {
      this.#tables.begin()
      countIn(this.#tables.of(perDigit) as never, record)
    }
    for (const record of records) {
      call(record)
      this.#tables.end()
    }
    call(records.at(-1)!)
    this.#tables.undo()
    this.#tables.takeBatch()
  }

  /** Counts records by their time, in windows. */
  #takeIntoWindow({ ms }: Consumed): void {
    const startMs = ms - (ms % windowMs)
    const name = windowPrefix(startMs) + rowKey(false, 'k')
    const found = this.#windows.get(name)
    this.#windows.take({ name, startMs, found, value: 0, valueBytes: numberBytesMax, records: 1, leaving: [] }, ms)
  }

  /** Takes in again what was pending under other keys, before anything else. */
  #retake(): void {
    const columns = rowsOf(retakenParts.map(consumedAt).map(({ side, key }) => recordOf(side!, key)))
    retakenParts.forEach((offset, row) => (columns.offset[row] = offset))
    this.#apply(columns)
    this.#retaken.note(columns.count)
    this.#retaken.end()
  }

  /** Takes rows into the table, and has a span begun of each merge. */
  #apply(columns: RecordColumns): void {
    const { completed } = this.#table
    const before = completed.of().count
    this.#table.apply(columns, this.#accounting.current)
    for (let count = before; count < completed.of().count; count++) {
      this.#spans.begin(tracedMerge([{ partition: 0, side: 1, offset: 0, timestamp: 0, carried: followedContext }]))
      this.#spans.end(PUBLISHED)
    }
  }

  /** Consumes offsets of which nothing becomes pending. */
  filter(count: number): void {
    const { current } = this.#accounting
    current.nextOffsets[0]! += count
    current.filtered[0]! += count
    this.#current.push({ offset: current.nextOffsets[0]! - 1, side: undefined, key: 0, ms: 0 })
  }

  close(): void {
    const { ms } = this.#current.at(-1) ?? { ms: 0 }
    // The window before that of the last record is over.
    if (ms > 0) {
      this.#windows.leaveBefore(ms - (ms % windowMs), () => {
        this.#windows.published()
        return true
      })
    }
    const out = new OutputBuilder({
      sink: 2,
      partitionCount: 1,
      batchBytes: 1 << 16,
      onFilled: (batch) => this.#batches.push(batch),
    })
    this.#epochs.close({ closedMs: 0, table: this.#table, put: putInto(out), pieceBytes: pieceBytesOf(out) })
    out.flush()
    this.#closed = this.#current.splice(0)
    this.#waiting = { closed: this.#waiting.current, current: 0 }
  }

  commit(): void {
    this.#epochs.beginCommit()
    this.#store()
    this.#epochs.commit()
    this.#waiting.closed = 0
    this.#judgeTopic()
  }

  /** A crash while the answer of the broker is under way, which has committed the closed epoch or not. */
  crash({ hasCommitted }: { hasCommitted: boolean }): void {
    this.#epochs.beginCommit()
    if (hasCommitted) this.#store()
    else this.#waiting.current += this.#waiting.closed
    this.#epochs.settleAt(this.#commits)
    this.#waiting.closed = 0
    this.#judge()
  }

  /** A crash while no epoch is in flight. */
  crashBetween(): void {
    this.#epochs.settleAt(this.#commits)
    this.#judge()
  }

  #store(): void {
    for (const batch of this.#batches) storeIn(this.topic, batch)
    if (this.#commits === 0) this.#model.retake()
    this.#model.commit(this.#closed)
    this.#model.close(this.#closed)
    for (const { offset, side } of this.#closed)
      if (side !== undefined && offset % 4 === 0) this.#promotable.add(offset)
    this.#commits++
  }

  /** Compares all that is in memory, while nothing is in the current epoch, with the model. */
  #judge(): void {
    this.#batches = []
    this.#current = []
    const model = this.#model
    const offsets = [...model.pending.values()].sort((a, b) => a - b)
    const set = this.#pending.sets[0]!
    const isBegun = this.#commits > 0
    assert.deepEqual([this.#loss.isDue, this.#retaken.isDue], [!isBegun, !isBegun])
    assert.deepEqual([this.#retaken.count, this.#retaken.isWhole], [0, false])
    assert.deepEqual(
      membersOf((visit) => set.forEach(visit)),
      isBegun ? offsets : retakenParts,
    )
    assert.deepEqual(
      Array.from(this.#table.parts(), ({ offset }) => offset).sort((a, b) => a - b),
      isBegun ? offsets : [],
    )
    assert.equal(this.#accounting.current.nextOffsets[0], model.nextOffset)
    const count = model.completed.length
    assert.deepEqual(this.#table.completed.of(), { count, forgotten: Math.max(0, count - keysMax) })
    assert.equal(this.#clock.nowMs(), model.latestMs)
    for (const offset of this.#promotable) if (set.has(offset)) assert.ok(this.#promoted.has(0, offset), `${offset}`)
    assert.equal(this.#promoted.isPromoting, false)
    assert.equal(this.#tracer.told.length, model.completed.length)
    this.#tables.begin()
    for (const digit of digits) assert.equal(this.#tables.of(perDigit).get(digit), model.perDigit.get(digit))
    this.#tables.end()
    for (const start of [...model.open.keys(), 1_000]) {
      const row = this.#windows.get(windowPrefix(start) + rowKey(false, 'k'))
      assert.equal(row?.records, model.open.get(start))
    }
    this.#judgeTopic()
  }

  /** Compares the checkpoint, from which a process would go on that starts now, with the model. */
  #judgeTopic(): void {
    const { pending, completed, nextOffset, emitted, latestMs: eventMs } = this.#model
    assert.equal(this.#reads.waitingCount, this.#waiting.closed + this.#waiting.current)
    const snapshot = this.#accounting.committed()
    assert.deepEqual([snapshot.totals.emitted[0], snapshot.totals.lost[0]], this.#commits === 0 ? [0, 0] : [emitted, 3])
    // The pending parts that were lost and retaken had been consumed before this account began.
    const before = retakenParts.length + (this.#commits === 0 ? 0 : 1)
    const [account] = accountsOf(snapshot, [pending.size - before])
    assert.ok(isBalanced(account!), JSON.stringify(account))
    const manifest = manifestOf(this.topic)
    if (manifest === undefined) return assert.equal(this.#commits, 0)
    assert.equal(manifest.epoch, this.#commits)
    assert.deepEqual(manifest.nextOffsets, [nextOffset])
    assert.deepEqual([manifest.totals.emitted, manifest.totals.lost], [[emitted], [3]])
    const { open, taken, results } = this.#model
    const { windows } = manifest
    assert.deepEqual([windows!.rows, windows!.taken, windows!.results], [open.size, taken, results])
    const kept = CheckpointTables.of(this.topic)
    assert.ok(isTableWhole(windows!, kept.sumOf(windowTable)))
    assert.deepEqual(manifest.eventTimes, { nowMs: eventMs, highestMs: [eventMs] })
    // What stands there of these was written by the process before.
    const members = new Set<number>([lostPart, ...retakenParts])
    replay(this.topic, manifest, (_partition, from, to) => {
      for (let offset = from; offset < to; offset++) if (!members.delete(offset)) members.add(offset)
    })
    assert.deepEqual(new Set(pending.values()), members)
    assert.equal(manifest.pending, members.size)
    assert.ok(
      areEqualDigests(manifest.digest, digestOf([...pending.values()])),
      'the digest is that of the pending parts',
    )
    const known: number[] = []
    const runs = readRuns(this.topic, 0, manifest.completed!, (number) => known.push(number))
    const forgotten = Math.max(0, completed.length - keysMax)
    assert.deepEqual(manifest.completed, { count: completed.length, forgotten })
    assert.deepEqual(
      known,
      Array.from({ length: completed.length - forgotten }, (_, at) => forgotten + at),
    )
    // A key is forgotten by the time at the end of its epoch, which the manifest tells.
    if (this.#closed.some(({ side }) => side === 'B')) assert.equal(runs.at(-1)?.timeMs, eventMs)
    const rows = Array.from(kept.rowsOf(perDigit.name), ([key, value]) => {
      return [decoded(number, Buffer.from(key, 'latin1')), decoded(number, value)] as const
    })
    assert.deepEqual(new Map(rows), this.#model.perDigit)
    assert.ok(isTableWhole(manifest.tables![0]!, kept.sumOf('per-digit')))
    const promoted = [...this.topic.keys()].filter((key) => key.startsWith('part/0/'))
    const expected = [...this.#promotable].filter((offset) => members.has(offset)).map((offset) => `part/0/${offset}`)
    // Those that have left are removed within some epochs.
    for (const key of expected) assert.ok(promoted.includes(key), key)
    assert.ok(promoted.length <= expected.length + keptLately)
  }
}

/** Promoted parts that have left and are not removed yet: no more than two epochs have. */
const keptLately = 6

/** The digest of the pending parts at some offsets: that of a table with nothing else. */
function digestOf(offsets: readonly number[]): Digest {
  const records = offsets.map(consumedAt)
  const columns = rowsOf(records.map(({ side, key }) => recordOf(side!, key)))
  offsets.forEach((offset, row) => (columns.offset[row] = offset))
  otherTable.apply(columns, Accounting.from([0]).current)
  const growths: Digest[] = []
  otherTable.epochChanges((_partition, _chunk, _bits, _added, growth) => growths.push(growth))
  otherTable.rollback()
  return sumOf(growths)
}

const otherTable = rememberingTable()

function membersOf(forEach: (visit: (offset: number) => void) => void): number[] {
  const members: number[] = []
  forEach((offset) => members.push(offset))
  return members
}

/** Epochs that end in each way, with records in the next one meanwhile, in each order of two. */
function run(fault: Fault): void {
  const program = new Program(fault)
  program.consume(3)
  program.close()
  program.consume(5)
  program.crash({ hasCommitted: false })
  const ends: (() => void)[] = [
    () => program.crash({ hasCommitted: true }),
    () => program.crash({ hasCommitted: false }),
    () => program.commit(),
  ]
  for (const first of ends) {
    for (const second of ends) {
      for (const end of [first, second, second]) {
        program.consume(9)
        program.close()
        program.consume(4)
        end()
      }
      program.consume(7)
      program.crashBetween()
      program.consume(7)
      program.close()
      program.crash({ hasCommitted: false })
      program.filter(3)
      program.close()
      program.crash({ hasCommitted: true })
    }
  }
}

describe('a course of epochs', () => {
  it('is as the model has it', () => run(noFault))
})

describe('a course of epochs with a fault in a participant', () => {
  /** Methods that have nothing to do. */
  const idle: Partial<Record<Name, readonly Method[]>> = { loss: ['close'], manifest: ['commit', 'rollback'] }
  const names = Object.keys({
    loss: true,
    retaken: true,
    pending: true,
    remembered: true,
    eventClock: true,
    deltas: true,
    promoted: true,
    accounting: true,
    tables: true,
    windows: true,
    reads: true,
    table: true,
    spans: true,
    manifest: true,
  } satisfies Record<Name, true>) as Name[]
  for (const name of names) {
    for (const method of ['close', 'commit', 'rollback'] as const) {
      if (idle[name]?.includes(method) === true) continue
      it(`differs from the model where the ${method} of "${name}" is left out`, () => {
        assert.throws(() => run(without(name, method)))
      })
    }
  }

  /** Participants that may change places: none of them asks for what another one does in the same round. */
  const unordered: readonly (readonly Name[])[] = [
    ['loss', 'retaken'],
    ['pending', 'remembered'],
    ['eventClock', 'deltas', 'promoted', 'accounting', 'tables', 'windows', 'table'],
    ['table', 'manifest'],
  ]
  for (const [at, left] of names.entries()) {
    for (const right of names.slice(at + 1)) {
      // Nobody else knows of spans and of reads, and these look at the table where nothing changes it.
      if ([left, right].some((name) => name === 'spans' || name === 'reads')) continue
      if (unordered.some((group) => group.includes(left) && group.includes(right))) continue
      it(`differs from the model where "${left}" and "${right}" are called in each other's place`, () => {
        assert.throws(() => run(swapped(left, right)))
      })
    }
  }
})
