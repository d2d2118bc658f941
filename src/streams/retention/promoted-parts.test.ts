import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OffsetSet } from '../../kernel/index.ts'
import { PromotedParts } from './promoted-parts.ts'

/** What an epoch writes: keys, those that are removed with a minus. */
function write(promoted: PromotedParts, set: OffsetSet): string[] {
  const written: string[] = []
  promoted.write([set], (key, value) => written.push(value === undefined ? `-${key}` : key))
  return written
}

function waitingAt(...offsets: number[]): OffsetSet {
  const set = new OffsetSet()
  for (const offset of offsets) set.add(offset)
  set.settle()
  return set
}

function partAt(offset: number) {
  return { partition: 0, offset, bytes: 1, encode: () => new Uint8Array([offset]) }
}

describe('PromotedParts', () => {
  it('are written with the epoch that follows the offer, those that still wait, and then need not be read', () => {
    const set = waitingAt(3, 5, 5_000)
    const promoted = new PromotedParts(1)
    promoted.offer([3, 4, 5].map(partAt))

    assert.deepEqual(write(promoted, set), ['part/0/3', 'part/0/5'])
    assert.deepEqual([promoted.isPromoting, promoted.firstNeeded(0, set)], [true, 3])
    promoted.settle([set])

    assert.deepEqual([promoted.isPromoting, promoted.firstNeeded(0, set)], [false, 5_000])
    assert.deepEqual(
      [3, 4, 5].map((offset) => promoted.has(0, offset)),
      [true, false, true],
    )
    assert.deepEqual(write(promoted, set), [])
  })

  it('are all written where offers come faster than epochs', () => {
    const set = waitingAt(3, 5, 7)
    const promoted = new PromotedParts(1)
    promoted.offer([partAt(3)])
    promoted.offer([partAt(5)])
    assert.deepEqual(write(promoted, set), ['part/0/3', 'part/0/5'])

    // While that epoch is on its way.
    promoted.offer([partAt(7)])
    promoted.settle([set])

    assert.equal(promoted.isPromoting, true)
    assert.deepEqual(write(promoted, set), ['part/0/7'])
    promoted.settle([set])
    assert.deepEqual([promoted.isPromoting, promoted.firstNeeded(0, set)], [false, undefined])
  })

  it('are written with the epoch that has made them, those that still wait, whatever was offered', () => {
    const set = waitingAt(3, 5, 7)
    const promoted = new PromotedParts(1)
    for (const offset of [3, 4, 7]) promoted.add(partAt(offset))

    assert.deepEqual(write(promoted, set), ['part/0/3', 'part/0/7'])
    assert.equal(promoted.isPromoting, false)
    promoted.settle([set])

    assert.equal(promoted.firstNeeded(0, set), 5)
    assert.deepEqual(write(promoted, set), [])
    promoted.add(partAt(5))
    write(promoted, set)
    promoted.settle([set])
    assert.equal(promoted.firstNeeded(0, set), undefined)
  })

  it('that were made are forgotten when their epoch has not happened', () => {
    const set = waitingAt(3)
    const promoted = new PromotedParts(1)
    promoted.add(partAt(3))
    promoted.rollback()
    assert.deepEqual(write(promoted, set), [])

    promoted.add(partAt(3))
    write(promoted, set)
    promoted.rollback()

    assert.deepEqual([promoted.has(0, 3), promoted.firstNeeded(0, set)], [false, 3])
    assert.deepEqual(write(promoted, set), [])
  })

  it('are removed as fast as they come', () => {
    const promoted = new PromotedParts(1)
    const perEpoch = 1_000
    let left = 0
    for (let epoch = 0; epoch < 20; epoch++) {
      const offsets = Array.from({ length: perEpoch }, (_, i) => epoch * perEpoch + i)
      const set = waitingAt(...offsets)
      for (const offset of offsets) promoted.add(partAt(offset))
      left += 2 * perEpoch - write(promoted, set).length
      promoted.settle([set])
    }
    assert.ok(left <= 2 * perEpoch, `${left}`)
  })

  it('are not there when their epoch has not happened', () => {
    const set = waitingAt(3)
    const promoted = new PromotedParts(1)
    promoted.offer([partAt(3)])
    write(promoted, set)

    promoted.rollback()

    assert.deepEqual([promoted.isPromoting, promoted.has(0, 3), promoted.firstNeeded(0, set)], [false, false, 3])
  })

  it('are removed when they have left, and again when that has not happened', () => {
    const set = waitingAt(3, 5)
    const promoted = PromotedParts.behind(
      new Map([
        ['part/0/3', new Uint8Array()],
        ['part/0/5', new Uint8Array()],
      ]),
      [set],
    )
    set.delete(3)

    assert.deepEqual(write(promoted, set), ['-part/0/3'])
    promoted.rollback()
    assert.deepEqual(write(promoted, set), ['-part/0/3'])
    promoted.settle([set])

    assert.deepEqual(write(promoted, set), [])
    assert.deepEqual([promoted.has(0, 3), promoted.has(0, 5)], [false, true])
  })

  it('go on at the first part that is not among them', () => {
    const set = waitingAt(3, 5, 7, 9)
    const records = new Map([3, 5, 9].map((offset) => [`part/0/${offset}`, new Uint8Array()]))

    assert.equal(PromotedParts.behind(records, [set]).firstNeeded(0, set), 7)
    assert.equal(PromotedParts.behind(records, [waitingAt(3, 9)]).firstNeeded(0, waitingAt(3, 9)), undefined)
  })
})
