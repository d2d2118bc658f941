import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OffsetSet } from '../../kernel/index.ts'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import { PromotedParts } from './promoted-parts.ts'

/** What an epoch writes: keys, those that are removed with a minus. */
function close(promoted: PromotedParts): string[] {
  const written: string[] = []
  promoted.close(closingEpoch({ put: (key, value) => written.push(value === undefined ? `-${key}` : key) }))
  return written
}

function pendingAt(...offsets: number[]): OffsetSet {
  const set = new OffsetSet()
  for (const offset of offsets) set.add(offset)
  set.settle()
  return set
}

function partAt(offset: number) {
  return { partition: 0, offset, bytes: 1, encode: () => new Uint8Array([offset]) }
}

describe('PromotedParts', () => {
  it('are written with the current epoch where they are still pending at its end, and then need not be read', () => {
    const set = pendingAt(3, 5, 5_000)
    const promoted = new PromotedParts([set])
    promoted.addOverdue([3, 4, 5].map(partAt))

    assert.deepEqual(close(promoted), ['part/0/3', 'part/0/5'])
    assert.deepEqual([promoted.isPromoting, promoted.firstNeeded(0)], [true, 3])
    promoted.commit()

    assert.deepEqual([promoted.isPromoting, promoted.firstNeeded(0)], [false, 5_000])
    assert.deepEqual(
      [3, 4, 5].map((offset) => promoted.has(0, offset)),
      [true, false, true],
    )
    assert.deepEqual(close(promoted), [])
  })

  it('are all written where overdue parts come faster than epochs', () => {
    const set = pendingAt(3, 5, 7)
    const promoted = new PromotedParts([set])
    promoted.addOverdue([partAt(3)])
    promoted.addOverdue([partAt(5)])
    assert.deepEqual(close(promoted), ['part/0/3', 'part/0/5'])

    // While that epoch is on its way.
    promoted.addOverdue([partAt(7)])
    promoted.commit()

    assert.equal(promoted.isPromoting, true)
    assert.deepEqual(close(promoted), ['part/0/7'])
    promoted.commit()
    assert.deepEqual([promoted.isPromoting, promoted.firstNeeded(0)], [false, undefined])
  })

  it('are written with the epoch that has computed them where they are still pending, whatever was overdue', () => {
    const set = pendingAt(3, 5, 7)
    const promoted = new PromotedParts([set])
    for (const offset of [3, 4, 7]) promoted.add(partAt(offset))

    assert.deepEqual(close(promoted), ['part/0/3', 'part/0/7'])
    assert.equal(promoted.isPromoting, false)
    promoted.commit()

    assert.equal(promoted.firstNeeded(0), 5)
    assert.deepEqual(close(promoted), [])
    promoted.add(partAt(5))
    close(promoted)
    promoted.commit()
    assert.equal(promoted.firstNeeded(0), undefined)
  })

  it('are forgotten, also computed ones, when their epoch has not happened', () => {
    const set = pendingAt(3)
    const promoted = new PromotedParts([set])
    promoted.add(partAt(3))
    promoted.rollback()
    assert.deepEqual(close(promoted), [])

    promoted.add(partAt(3))
    close(promoted)
    promoted.rollback()

    assert.deepEqual([promoted.has(0, 3), promoted.firstNeeded(0)], [false, 3])
    assert.deepEqual(close(promoted), [])
  })

  it('are removed as fast as they come', () => {
    const set = pendingAt()
    const promoted = new PromotedParts([set])
    const perEpoch = 1_000
    let left = 0
    for (let epoch = 0; epoch < 20; epoch++) {
      const offsets = Array.from({ length: perEpoch }, (_, i) => epoch * perEpoch + i)
      set.forEach((offset) => set.delete(offset))
      for (const offset of offsets) set.add(offset)
      set.settle()
      for (const offset of offsets) promoted.add(partAt(offset))
      left += 2 * perEpoch - close(promoted).length
      promoted.commit()
    }
    assert.ok(left <= 2 * perEpoch, `${left}`)
  })

  it('are not there when their epoch has not happened', () => {
    const set = pendingAt(3)
    const promoted = new PromotedParts([set])
    promoted.addOverdue([partAt(3)])
    close(promoted)

    promoted.rollback()

    assert.deepEqual([promoted.isPromoting, promoted.has(0, 3), promoted.firstNeeded(0)], [false, false, 3])
  })

  it('are removed when they have left, and again when that has not happened', () => {
    const set = pendingAt(3, 5)
    const promoted = PromotedParts.after(
      new Map([
        ['part/0/3', new Uint8Array()],
        ['part/0/5', new Uint8Array()],
      ]),
      [set],
    )
    set.delete(3)

    assert.deepEqual(close(promoted), ['-part/0/3'])
    promoted.rollback()
    assert.deepEqual(close(promoted), ['-part/0/3'])
    promoted.commit()

    assert.deepEqual(close(promoted), [])
    assert.deepEqual([promoted.has(0, 3), promoted.has(0, 5)], [false, true])
  })

  it('go on at the first part that is not among them', () => {
    const set = pendingAt(3, 5, 7, 9)
    const records = new Map([3, 5, 9].map((offset) => [`part/0/${offset}`, new Uint8Array()]))

    assert.equal(PromotedParts.after(records, [set]).firstNeeded(0), 7)
    assert.equal(PromotedParts.after(records, [pendingAt(3, 9)]).firstNeeded(0), undefined)
  })
})
