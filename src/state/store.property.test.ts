import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../test/property.ts'
import { Model, ModelTransaction } from './fixtures/model.ts'
import { begin, type Session } from './fixtures/session.ts'
import { type Isolation, number, Store, type Table, type TableSnapshot } from './index.ts'

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

const step: fc.Arbitrary<Step> = fc.record({
  operation: fc.constantFrom(...operations),
  session: fc.nat(sessionsMax),
  key: fc.nat(keyMax),
  other: fc.nat(keyMax),
  towards: fc.constantFrom(1, -1),
  limit: fc.constantFrom(1, 2, 4, Infinity),
})

interface Open {
  readonly real: Session
  readonly model: ModelTransaction
}

/** Takes the same steps with a store and with its model. */
class Comparison {
  readonly #store = new Store()
  readonly #table: Table<number, number, 'value'>
  readonly #model = new Model()
  readonly #open = new Map<number, Open>()
  readonly #snapshots: TableSnapshot<number, number, 'value'>[] = []
  #value = 0

  constructor(ordered: boolean) {
    this.#table = this.#store.table('rows', {
      key: number,
      value: number,
      ordered,
      zones: { value: (value) => value },
    })
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
    assert.equal(this.#table.usedBytes, this.#table.size * 48)
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
    else if (operation === 'where') {
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

describe('A store', () => {
  for (const ordered of [false, true]) {
    it(`reads, conflicts and keeps as a model does that holds every version, ${ordered ? 'with' : 'without'} order`, async (t) => {
      let commandCount = 0
      const steps = fc.array(step, { maxLength: 200, size: 'max' })
      const property = fc.asyncProperty(steps, async (taken) => {
        const comparison = new Comparison(ordered)
        for (const each of taken) await comparison.take(each, ordered)
        await comparison.end()
        commandCount += taken.length
      })

      await checkAsync(property, 40)
      t.diagnostic(`${commandCount} commands, after each of which all rows of all versions were compared`)
    })
  }
})
