import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../src/core/random.ts'
import type { Group } from './example.ts'
import { compare, type Found } from './model.ts'
import { placeRecords } from './placed-records.ts'

const record = { topic: 'orders', value: '1' }
const merged = { key: 'o-1', value: 'merged' }
const letter = { reason: 'LATE', record }
/** Merged alone, or merged while a part came late. */
const group: Group = {
  records: [record],
  outcomes: [
    { merged: [merged], deadLetters: [] },
    { merged: [merged], deadLetters: [letter] },
  ],
}
const placed = placeRecords([group], 1, seededRandom(1))
const foundMerged = { topic: 'sink', ...merged, trace: '' }
const foundLetter = { reason: 'LATE', topic: 'orders', partition: 0, offset: 0 }

describe('the comparison of what a program has written with its model', () => {
  it('finds no difference in any of the outcomes', () => {
    assert.deepEqual(differenceOf({ merged: [foundMerged], deadLetters: [] }), { missing: [], surplus: [] })
    assert.deepEqual(differenceOf({ merged: [foundMerged], deadLetters: [foundLetter] }), { missing: [], surplus: [] })
  })

  it('misses a group of which nothing, or a part only, is there', () => {
    assert.deepEqual(differenceOf({ merged: [], deadLetters: [] }), { missing: [group], surplus: [] })
    assert.deepEqual(differenceOf({ merged: [], deadLetters: [foundLetter] }), {
      missing: [group],
      surplus: ['1 x LATE: orders/0/0'],
    })
  })

  it('tells what is there twice, with another value or trace, in another topic, or for another record', () => {
    const { surplus: twice } = differenceOf({ merged: [foundMerged, foundMerged], deadLetters: [] })
    assert.deepEqual(twice, ['1 x sink: o-1 = merged'])
    for (const other of [{ value: 'other' }, { trace: 'other' }, { topic: 'other' }, { key: null }]) {
      const { missing, surplus } = differenceOf({ merged: [{ ...foundMerged, ...other }], deadLetters: [] })
      assert.deepEqual([missing, surplus.length], [[group], 1])
    }
    const { surplus } = differenceOf({ merged: [foundMerged], deadLetters: [{ ...foundLetter, offset: 1 }] })
    assert.deepEqual(surplus, ['1 x LATE: orders/0/1'])
  })
})

describe('placed records', () => {
  it('keep the order of a group in each topic, in one partition of it', () => {
    const groups = Array.from({ length: 50 }, (): Group => {
      const records = ['a', 'b', 'a', 'a', 'b'].map((topic, at) => ({ topic, value: String(at) }))
      return { records, outcomes: [] }
    })

    const records = placeRecords(groups, 3, seededRandom(7))

    assert.equal(records.length, 250)
    assert.ok(new Set(records.map(({ partition }) => partition)).size === 3)
    for (const { records: ofGroup } of groups) {
      for (const topic of ['a', 'b']) {
        const places = records.filter((each) => each.record.topic === topic && ofGroup.includes(each.record))
        assert.deepEqual(
          places.map((place) => place.record),
          ofGroup.filter((each) => each.topic === topic),
        )
        assert.equal(new Set(places.map(({ partition }) => partition)).size, 1)
      }
    }
  })
})

function differenceOf(found: Found) {
  return compare([group], placed, 'sink', found)
}
