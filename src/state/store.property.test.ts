import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../test/property.ts'
import { Model, ModelTransaction } from './fixtures/model.ts'
import { begin, type Session } from './fixtures/session.ts'
import { type Codec, type Isolation, number, Store, type Table, type TableSnapshot } from './index.ts'

const keyMax = 12
const sessionsMax = 4
const operations = [
  'get',
  'has',
  'set',
  'set',
  'set',
  'delete',
  'scan',
  'scan',
  'where',
  'size',
  'commit',
  'commit',
  'snapshot',
  'release',
  'clear',
] as const
const isolations: readonly Isolation[] = ['readCommitted', 'snapshot', 'serializable', 'serializable']

interface Step {
  readonly operation: (typeof operations)[number]
  /** In which transaction; in none where it is 0. */
  readonly session: number
  readonly key: number
  readonly other: number
  /** Of a scan: 1 or -1. */
  readonly towards: number
  readonly limit: number
}

const stepOf = (sessionCount: number): fc.Arbitrary<Step> =>
  fc.record({
    operation: fc.constantFrom(...operations),
    session: fc.nat(sessionCount),
    key: fc.nat(keyMax),
    other: fc.nat(keyMax),
    towards: fc.constantFrom(1, -1),
    limit: fc.constantFrom(1, 2, 4, Infinity),
  })

/** With few sessions, or none, there are times when nobody reads a version before the latest. */
const course = fc.nat(sessionsMax).chain((count) => fc.array(stepOf(count), { maxLength: 200, size: 'max' }))

interface Layout {
  readonly ordered: boolean
  /** Whether it has a zone map. One that has none replaces rows that nobody else reads in their places. */
  readonly isZoned: boolean
}

interface Open {
  readonly real: Session
  readonly model: ModelTransaction
}

const unusedBytesOf = (value: number) => (value % 4) * 16

/** Numbers in as many bytes as they need, and some more, by the number. */
const padded: Codec<number, number> = {
  ...number,
  name: 'padded',
  bytesMax: (captured) => 8 + unusedBytesOf(captured),
  write: (captured, bytes, at) => number.write(captured, bytes, at) + unusedBytesOf(captured),
}

/** Takes the same steps with a store and with its model. */
class Comparison {
  readonly #store = new Store()
  readonly #table: Table<number, number, 'value'>
  readonly #model = new Model()
  readonly #open = new Map<number, Open>()
  readonly #snapshots: TableSnapshot<number, number, 'value'>[] = []
  readonly #isZoned: boolean
  #value = 0

  constructor({ ordered, isZoned }: Layout) {
    this.#isZoned = isZoned
    const options = { key: number, value: padded, ordered }
    this.#table = isZoned
      ? this.#store.table('rows', { ...options, zones: { value: (value) => value } })
      : this.#store.table<number, number, 'value'>('rows', options)
  }

  async take(step: Step, isOrdered: boolean): Promise<void> {
    if (step.operation === 'snapshot') this.#snapshots.push(this.#table.at(this.#store.version))
    else if (step.operation === 'release') this.#release(step.key)
    else if (step.session === 0) this.#direct(step)
    else await this.#within(step, isOrdered)
    assert.equal(this.#store.version, this.#model.version)
    this.#compare(this.#table, this.#model.latest)
    for (const snapshot of this.#snapshots) this.#compare(snapshot, this.#model.at(snapshot.version))
  }

  /** Ends all; nothing is kept then. */
  async end(): Promise<void> {
    for (const { real } of this.#open.values()) await real.commit()
    for (const snapshot of this.#snapshots) snapshot[Symbol.dispose]()
    assert.equal(this.#store.keptVersions, 0)
    const values = [...this.#table.scan()].map(([, value]) => value)
    assert.equal(
      this.#table.usedBytes,
      values.reduce((sum, value) => sum + 48 + unusedBytesOf(value), 0),
    )
    this.#table.clear()
    assert.equal(this.#table.usedBytes, 0)
  }

  #release(index: number): void {
    const [snapshot] = this.#snapshots.splice(index % (this.#snapshots.length || 1), 1)
    snapshot?.[Symbol.dispose]()
  }

  #direct({ operation, key }: Step): void {
    if (operation === 'set') {
      this.#table.set(key, ++this.#value)
      this.#model.commit(new Map([[key, this.#value]]))
    } else if (operation === 'delete') {
      const isThere = this.#model.latest.has(key)
      assert.equal(this.#table.delete(key), isThere)
      if (isThere) this.#model.commit(new Map([[key, undefined]]))
    } else if (operation === 'clear') {
      this.#table.clear()
      this.#model.commit(new Map([...this.#model.latest.keys()].map((other) => [other, undefined])))
    } else assert.equal(this.#table.get(key), this.#model.latest.get(key))
  }

  async #within({ operation, session, key, other, ...scan }: Step, isOrdered: boolean): Promise<void> {
    const { real, model } = await this.#opened(session)
    const [from, to] = isOrdered ? [Math.min(key, other), Math.max(key, other)] : [0, keyMax]
    if (operation === 'get') assert.equal(real.tx.get(this.#table, key), model.get(key))
    else if (operation === 'has') assert.equal(real.tx.has(this.#table, key), model.get(key) !== undefined)
    else if (operation === 'where' && this.#isZoned) {
      const [least, greatest] = [this.#value - key, this.#value - key + other]
      const rows = real.tx.where(this.#table, 'value', { from: least, to: greatest })
      assert.deepEqual(sorted(rows), sorted(model.where(least, greatest)))
    } else if (operation === 'size') assert.equal(real.tx.size(this.#table), model.size())
    else if (operation === 'scan' && isOrdered) {
      const rows = real.tx.scan(this.#table, { from, to, reverse: scan.towards < 0, limit: scan.limit })
      assert.deepEqual([...rows], model.scan({ from, to, ...scan }))
    } else if (operation === 'scan') {
      assert.deepEqual(sorted(real.tx.scan(this.#table)), model.scan({ from, to, towards: 1, limit: Infinity }))
    } else if (operation === 'set') {
      real.tx.set(this.#table, key, ++this.#value)
      model.writes.set(key, this.#value)
    } else if (operation === 'delete') {
      const isThere = model.get(key) !== undefined
      assert.equal(real.tx.delete(this.#table, key), isThere)
      if (isThere) model.writes.set(key, undefined)
    } else if (operation === 'commit') {
      this.#open.delete(session)
      assert.equal(await real.commit(), model.commit())
    }
  }

  async #opened(session: number): Promise<Open> {
    const known = this.#open.get(session)
    if (known !== undefined) return known
    const isolation = isolations[session - 1]!
    const open = { real: await begin(this.#store, isolation), model: new ModelTransaction(this.#model, isolation) }
    this.#open.set(session, open)
    return open
  }

  #compare(
    actual: { readonly size: number; scan(): Iterable<[number, number]> },
    expected: ReadonlyMap<number, number>,
  ): void {
    assert.equal(actual.size, expected.size)
    assert.deepEqual(sorted(actual.scan()), sorted(expected))
  }
}

function sorted(rows: Iterable<[number, number]>): [number, number][] {
  return [...rows].sort(([a], [b]) => a - b)
}

const layouts: readonly Layout[] = [
  { ordered: false, isZoned: false },
  { ordered: false, isZoned: true },
  { ordered: true, isZoned: false },
  { ordered: true, isZoned: true },
]

describe('A store', () => {
  for (const layout of layouts) {
    const name = `${layout.ordered ? 'with' : 'without'} order, ${layout.isZoned ? 'with' : 'without'} a zone map`
    it(`reads, conflicts and keeps as a model does that holds every version, ${name}`, async (t) => {
      let commandCount = 0
      const property = fc.asyncProperty(course, async (taken) => {
        const comparison = new Comparison(layout)
        for (const each of taken) await comparison.take(each, layout.ordered)
        await comparison.end()
        commandCount += taken.length
      })

      await checkAsync(property, 40)
      t.diagnostic(`${commandCount} commands, after each of which all rows of all versions were compared`)
    })
  }
})
