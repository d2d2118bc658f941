import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { number, Store } from './index.ts'

const code = (expected: string) => ({ code: expected })

function rows(count: number) {
  const store = new Store()
  const table = store.table('rows', { key: number, value: number, ordered: true })
  for (let key = 0; key < count; key++) table.set(key, 0)
  return { store, table }
}

describe('A snapshot', () => {
  it('L7 gives the table as it was at its version, until it is disposed of', () => {
    const { store, table } = rows(3)
    using early = table.at(store.version)
    table.set(1, 1)
    table.delete(2)
    using late = table.at(store.version)
    table.set(3, 2)
    table.set(1, 2)

    assert.deepEqual(
      [...early.scan()],
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
    )
    assert.deepEqual([...late.scan({ from: 1 })], [[1, 1]])
    assert.deepEqual([early.size, late.size, table.size], [3, 2, 3])
    assert.deepEqual([early.get(2), late.get(2), early.has(3), table.get(1)], [0, undefined, false, 2])
  })

  it('L7 keeps what it reads alone, and each version goes with the last snapshot that reads it', () => {
    const { store, table } = rows(10)
    const snapshots = Array.from({ length: 20 }, (_, round) => {
      const snapshot = table.at(store.version)
      for (let key = 0; key < 10; key++) table.set(key, round)
      table.set(round % 10, round + 0.5)
      return snapshot
    })
    const kept = [store.keptVersions]

    // From the middle outward, so that snapshots end before and after others.
    for (const index of [10, 9, 11, 8, 12, 7, 13, 6, 14, 5, 15, 4, 16, 3, 17, 2, 18, 1, 19]) {
      snapshots[index]![Symbol.dispose]()
      kept.push(store.keptVersions)
    }
    assert.deepEqual(
      [...snapshots[0]!.scan()].map(([, value]) => value),
      Array(10).fill(0),
    )
    snapshots[0]![Symbol.dispose]()
    kept.push(store.keptVersions)

    assert.deepEqual(
      kept,
      Array.from({ length: 21 }, (_, ended) => 10 * (20 - ended)),
    )
  })

  it('L7 lets a deleted row go once nobody can have read it', () => {
    const { store, table } = rows(2)
    const empty = table.usedBytes
    const [first, second] = [table.at(store.version), table.at(store.version)]
    table.delete(0)
    const third = table.at(store.version)

    first[Symbol.dispose]()
    first[Symbol.dispose]()
    assert.deepEqual([second.has(0), third.has(0), store.keptVersions], [true, false, 2])
    second[Symbol.dispose]()
    assert.equal(store.keptVersions, 0)
    assert.equal(table.usedBytes, empty / 2)
    third[Symbol.dispose]()
  })

  it('is of the latest version, or of one that is still read', () => {
    const { store, table } = rows(1)
    const version = store.version
    const snapshot = table.at(version)
    table.set(0, 1)
    const again = table.at(version)

    snapshot[Symbol.dispose]()
    assert.equal(again.get(0), 0)
    again[Symbol.dispose]()
    assert.throws(() => table.at(version), code('STATE_VERSION_DROPPED'))
    assert.throws(() => table.at(store.version + 1), code('STATE_VERSION_DROPPED'))
    assert.throws(() => again.get(0), code('STATE_VERSION_DROPPED'))
  })

  it('L10 ends what it keeps when an iteration is left', () => {
    const { store, table } = rows(1_000)

    for (const [key] of table.scan()) if (key === 500) break
    for (let key = 0; key < 1_000; key++) table.set(key, 1)

    assert.equal(store.keptVersions, 0)
  })
})
