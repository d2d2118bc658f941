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

function offerOf(end: number, ...offsets: number[]) {
  return { partition: 0, end, parts: offsets.map((offset) => ({ offset, batch: new Uint8Array([offset]) })) }
}

describe('PromotedParts', () => {
  it('are written with the epoch that follows the offer, those that still wait, and then need not be read', () => {
    const set = waitingAt(3, 5, 5_000)
    const promoted = new PromotedParts(1)
    promoted.offer(offerOf(10, 3, 4, 5))

    assert.deepEqual(write(promoted, set), ['part/0/3', 'part/0/5'])
    assert.deepEqual([promoted.isPromoting, promoted.firstNeeded(0, set)], [true, 3])
    promoted.settle()

    assert.deepEqual([promoted.isPromoting, promoted.firstNeeded(0, set)], [false, 5_000])
    assert.deepEqual(
      [3, 4, 5].map((offset) => promoted.has(0, offset)),
      [true, false, true],
    )
    assert.deepEqual(write(promoted, set), [])
  })

  it('are not there when their epoch has not happened', () => {
    const set = waitingAt(3)
    const promoted = new PromotedParts(1)
    promoted.offer(offerOf(10, 3))
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
    promoted.settle()

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
