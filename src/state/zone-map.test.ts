import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { bytes, number, type Range, Store, type TableSnapshot } from './index.ts'

/** Of such rows 33 have room in a segment of the memory. */
const rowBytes = 62_000
const perSegment = 33

/** A value that has a number. */
function row(of: number): Uint8Array {
  const value = new Uint8Array(rowBytes)
  new DataView(value.buffer).setFloat64(0, of)
  return value
}

const numberOf = (value: Uint8Array) => new DataView(value.buffer, value.byteOffset).getFloat64(0)

function tableOf(numbers: Iterable<number>, store = new Store()) {
  let read = 0
  const size = (value: Uint8Array) => {
    read++
    return numberOf(value)
  }
  const table = store.table('rows', { key: number, value: bytes, zones: { size } })
  let key = 0
  for (const of of numbers) table.set(key++, row(of))
  return {
    store,
    table,
    found: (range: Range<number>) =>
      [...table.where('size', range)].map(([, value]) => numberOf(value)).sort(ascending),
    /** How many values are looked at meanwhile. */
    looks: (search: () => unknown): number => {
      read = 0
      search()
      return read
    },
  }
}

const ascending = (left: number, right: number) => left - right
const upTo = (end: number) => Array.from({ length: end }, (_, index) => index)

describe('A zone map', () => {
  it('L11 finds the rows of a range, where a segment holds one end of it, the other, or both, or lies within it', () => {
    const { found } = tableOf(upTo(5 * perSegment))

    assert.deepEqual(found({ from: 40, to: 42 }), [40, 41, 42])
    assert.deepEqual(found({ after: 40, before: 42 }), [41])
    assert.deepEqual(found({ from: 20, before: 120 }), upTo(120).slice(20))
    assert.deepEqual(found({ before: 3 }), [0, 1, 2])
    assert.deepEqual(found({ after: 5 * perSegment - 2 }), [5 * perSegment - 1])
    assert.deepEqual(found({}), upTo(5 * perSegment))
    assert.deepEqual(found({ from: 0.5, to: 0.75 }), [])
  })

  it('L11 has only those segments read that may match', () => {
    const { found, looks } = tableOf(upTo(5 * perSegment))

    assert.equal(
      looks(() => found({ from: 1e9 })),
      0,
    )
    const looked = looks(() => assert.deepEqual(found({ from: 70, to: 72 }), [70, 71, 72]))
    assert.ok(looked > 0 && looked <= 2 * perSegment, `${looked} values were looked at`)
  })

  it('L11 is measured anew where a search was in vain, so that the next one is spared', () => {
    const { table, found, looks } = tableOf(upTo(perSegment))
    table.set(0, row(1e9))
    table.set(0, row(0))

    assert.ok(looks(() => found({ from: 1e8 })) > 0)
    assert.equal(
      looks(() => found({ from: 1e8 })),
      0,
    )
    table.set(1, row(2e8))
    assert.deepEqual(found({ from: 1e8 }), [2e8])
  })

  it('L11 is measured with the versions that only a snapshot reads', () => {
    const { store, table, found } = tableOf([7, 8])
    using snapshot = table.at(store.version)
    table.set(0, row(1))
    table.delete(1)

    assert.deepEqual(found({ from: 5 }), [])
    const kept = [...snapshot.where('size', { from: 5 })].map(([, value]) => numberOf(value))
    assert.deepEqual(kept.sort(ascending), [7, 8])
  })

  it('L11 is not measured again where nothing has been written meanwhile', () => {
    const { found, looks } = tableOf(upTo(perSegment))
    const inVain = { from: 0.5, to: 0.75 }

    const first = looks(() => found(inVain))
    assert.equal(looks(() => found(inVain)) * 2, first)
  })

  it('leaves out rows for which it gives nothing', () => {
    const table = new Store().table('numbers', {
      key: number,
      value: number,
      zones: { even: (value) => (value % 2 === 0 ? value : undefined) },
    })
    for (const value of upTo(9)) table.set(value, value)

    assert.deepEqual(
      [...table.where('even', { from: 2, to: 5 })],
      [
        [2, 2],
        [4, 4],
      ],
    )
  })

  it('gives a transaction what it has changed itself, and has it conflict with what others change', async () => {
    const { store, table } = tableOf([1, 2, 3])
    const runs: number[][] = []

    const transaction = store.transact(async (tx) => {
      tx.set(table, 0, row(30))
      tx.set(table, 3, row(2.5))
      tx.delete(table, 1)
      runs.push(
        Array.from(tx.where(table, 'size', { from: 2, to: 10 }), ([, value]) => numberOf(value)).sort(ascending),
      )
      await Promise.resolve()
    })
    table.set(2, row(4))
    await transaction

    assert.deepEqual(runs, [
      [2.5, 3],
      [2.5, 4],
    ])
  })

  it('refuses a value to which it gives no number, and a name that it does not have', () => {
    const { table } = tableOf([1])
    assert.throws(() => table.set(1, row(NaN)), { code: 'STATE_VALUE_INVALID' })
    assert.equal(table.size, 1)
    // @ts-expect-error The table has no such zone map.
    assert.throws(() => [...table.where('weight', {})], { code: 'STATE_ZONE_UNKNOWN' })
  })

  it('leaves nothing behind of a commit in which its function fails', () => {
    let calls = 0
    const fickle = (value: number) => {
      if (++calls > 4) throw new Error('not again')
      return value
    }
    const store = new Store()
    const table = store.table('numbers', { key: number, value: number, zones: { fickle } })
    table.set(1, 1)

    const change = () =>
      store.transactSync((tx) => {
        tx.set(table, 1, 2)
        tx.set(table, 2, 2)
      })
    assert.throws(change, /not again/)
    assert.deepEqual([table.get(1), table.get(2), store.version, table.usedBytes], [1, undefined, 1, 48])
  })

  const bound = fc.option(fc.nat({ max: 20 }), { nil: undefined })
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ set: fc.nat({ max: 80 }), of: fc.nat({ max: 20 }) }) },
    { weight: 2, arbitrary: fc.record({ drop: fc.nat({ max: 80 }) }) },
    { weight: 3, arbitrary: fc.record({ from: bound, to: bound }) },
    fc.constantFrom('snapshot' as const, 'release' as const),
  )

  it('L11 finds what a search through all rows finds, at the latest version and at those that are kept', () => {
    check(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const { store, table } = tableOf([])
        let rows = new Map<number, number>()
        const kept: {
          readonly snapshot: TableSnapshot<number, Uint8Array, 'size'>
          readonly rows: Map<number, number>
        }[] = []
        for (const taken of steps) {
          if (taken === 'snapshot' && kept.length < 3) kept.push({ snapshot: table.at(store.version), rows })
          else if (taken === 'snapshot' || taken === 'release') kept.shift()?.snapshot[Symbol.dispose]()
          else if ('set' in taken) {
            table.set(taken.set, row(taken.of))
            rows = new Map(rows).set(taken.set, taken.of)
          } else if ('drop' in taken) {
            table.delete(taken.drop)
            rows = new Map([...rows].filter(([key]) => key !== taken.drop))
          } else {
            const { from = -1, to = 99 } = taken
            for (const { where, expected } of [
              { where: table.where('size', { from, to }), expected: rows },
              ...kept.map((each) => ({ where: each.snapshot.where('size', { from, to }), expected: each.rows })),
            ]) {
              const found = Array.from(where, ([key, value]) => [key, numberOf(value)] as const)
              const matching = [...expected].filter(([, of]) => of >= from && of <= to)
              assert.deepEqual(new Map(found), new Map(matching))
              assert.equal(found.length, matching.length)
            }
          }
        }
      }),
      15,
    )
  })
})
