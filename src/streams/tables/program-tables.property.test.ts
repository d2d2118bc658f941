import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { bytes, number, text } from '../../state/index.ts'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import { table } from '../topology/table.ts'
import { CheckpointTables } from './checkpoint-tables.ts'
import { ProgramTables } from './program-tables.ts'

const counts = table('counts', { key: text, value: number })
const blobs = table('blobs', { key: bytes, value: text })
const keys = ['', 'a', 'b', 'Ærø', '日本', 'table/x', '\u0000']

/** A call of a function: what it sets, or deletes where there is no value, and whether it throws afterwards. */
const call = fc.record({
  changes: fc.array(fc.tuple(fc.constantFrom(...keys), fc.option(fc.nat(5), { nil: undefined })), { maxLength: 4 }),
  fails: fc.boolean(),
})
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('call' as const), call }) },
  fc.record({ kind: fc.constantFrom('takeBatch', 'close', 'commit', 'rollback', 'restart') }),
)

type Rows = ReadonlyMap<string, number>

/** Tables by what an epoch, and what is on its way to one, sees of them: whole copies, one for each. */
class Model {
  committed: Rows = new Map()
  closed: Rows | undefined
  current: Rows = this.committed
  batch: Rows = this.committed

  rollback(): void {
    this.closed = undefined
    this.current = this.batch = this.committed
  }
}

/** Tables, the checkpoint that they write, and a model of both. */
class Course {
  readonly #topic = new Map<string, Uint8Array>()
  readonly #model = new Model()
  #tables = new ProgramTables([counts, blobs], 1_000)
  #puts: [string, Uint8Array | undefined][] = []
  #manifest = closingEpoch().manifest

  call({ changes, fails }: { changes: [string, number | undefined][]; fails: boolean }): void {
    const rows = new Map(this.#model.batch)
    this.#tables.begin()
    const [ofCounts, ofBlobs] = [this.#tables.of(counts), this.#tables.of(blobs)]
    for (const [key, value] of changes) {
      const blob = Buffer.from(key)
      if (value === undefined) {
        assert.deepEqual([ofCounts.delete(key), ofBlobs.delete(blob)], [rows.has(key), rows.delete(key)])
        continue
      }
      ofCounts.set(key, value)
      ofBlobs.set(blob, String(value))
      rows.set(key, value)
    }
    for (const key of keys) {
      assert.deepEqual([ofCounts.get(key), ofCounts.has(key)], [rows.get(key), rows.has(key)])
      assert.equal(ofBlobs.get(Buffer.from(key)), rows.get(key)?.toString())
    }
    if (fails) this.#tables.undo()
    else {
      assert.equal(this.#tables.end(), true)
      this.#model.batch = rows
    }
  }

  takeBatch(): void {
    this.#tables.takeBatch()
    this.#model.current = this.#model.batch
  }

  close(): void {
    if (this.#model.closed !== undefined) return
    this.#puts = []
    const epoch = closingEpoch({ put: (key, value) => this.#puts.push([key, value]) })
    this.#tables.close(epoch)
    this.#manifest = epoch.manifest
    this.#model.closed = this.#model.current
  }

  commit(): void {
    if (this.#model.closed === undefined) return
    this.#store()
    this.#tables.commit()
  }

  rollback(): void {
    this.#tables.rollback()
    this.#model.rollback()
  }

  /** A process ends, the closed epoch has committed or not, and another one takes in what the checkpoint has. */
  restart(): void {
    if (this.#model.closed !== undefined && this.#puts.length % 2 === 0) this.#store()
    this.#model.rollback()
    this.#tables = new ProgramTables([counts, blobs], 1_000, CheckpointTables.of(this.#topic))
    this.#tables.check(this.#manifestOfLast)
  }

  #manifestOfLast = closingEpoch().manifest

  #store(): void {
    for (const [name, value] of this.#puts) {
      // Net changes: nothing is written that is so already.
      assert.notDeepEqual(this.#topic.get(name), value)
      if (value === undefined) this.#topic.delete(name)
      else this.#topic.set(name, Uint8Array.from(value))
    }
    this.#manifestOfLast = this.#manifest
    this.#model.committed = this.#model.closed!
    this.#model.closed = undefined
    assert.deepEqual(
      this.#manifest.tables!.map(({ rows }) => rows),
      [this.#model.committed.size, this.#model.committed.size],
    )
  }

  /** What a function would see now. */
  judge(): void {
    this.call({ changes: [], fails: false })
  }
}

describe('the tables of a program', () => {
  it('are as a model has them, whatever becomes of calls, batches, epochs and processes', () => {
    check(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const course = new Course()
        for (const each of steps) {
          if ('call' in each) course.call(each.call)
          else course[each.kind as 'close']()
          course.judge()
        }
      }),
      100,
    )
  })
})
