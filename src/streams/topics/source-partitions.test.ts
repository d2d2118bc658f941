import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SourcePartitions } from './source-partitions.ts'

const redrive = 'app.redrive'

describe('the partitions of redriven letters', () => {
  it('are numbered with all others, and have records of those of the sources in the order of their numbers', () => {
    const partitions = new SourcePartitions(['one', 'two'], [], [], redrive)
    partitions.grow([2, 1])
    partitions.grow([3, 1, 4])

    assert.deepEqual(
      [4, 7].map((number) => partitions.placeOf(number)),
      [
        { topic: redrive, partition: 0 },
        { topic: redrive, partition: 3 },
      ],
    )
    assert.deepEqual(
      [...partitions.list.keys()].map((number) => partitions.sourceOf(number)),
      [0, 0, 1, 0, 0, 0, 1, 0],
    )
    assert.deepEqual(
      [0, 3, 4, 7].map((number) => partitions.isRedriven(number)),
      [false, false, true, true],
    )
    const places = [0, 1, 2, 3].map((number) => partitions.placeOf(number))
    assert.deepEqual(
      places.map((place) => partitions.redrivenPartitionOf(place)),
      [0, 1, 2, 3],
    )
    assert.equal(partitions.sourceTopicOf({ topic: redrive, partition: 2 }), 'two')
  })

  it('are shared out with those that they came from', () => {
    const partitions = new SourcePartitions(['one', 'two'], [], [], redrive)
    partitions.grow([2, 3, 5])

    assert.deepEqual(
      [...partitions.list.keys()].map((each) => partitions.taskOf(each)),
      [0, 1, 0, 1, 2, 0, 1, 0, 1, 2],
    )
  })

  it('keep their source where sources are declared in another order, or come later', () => {
    // The sources were `one` and `two`, and are `new`, `two` and `one`: their topic comes after all of them.
    const known = [
      { source: 2, partition: 0 },
      { source: 1, partition: 0 },
      { source: 3, partition: 0 },
      { source: 3, partition: 1 },
    ]
    const partitions = new SourcePartitions(['new', 'two', 'one'], known, [], redrive)
    partitions.grow([1, 1, 1, 3])

    assert.deepEqual(
      [2, 3, 5].map((number) => partitions.placeOf(number).topic),
      [redrive, redrive, redrive],
    )
    assert.deepEqual(
      [2, 3, 5].map((number) => partitions.sourceOf(number)),
      [2, 1, 0],
    )
  })

  it('have as many lanes as those of their source', () => {
    const partitions = new SourcePartitions(['one', 'two'], [], [1, 3], redrive)
    partitions.grow([1, 1, 2])

    assert.deepEqual(
      [4, 5].map((number) => partitions.lanesOf(number)),
      [[4], [5, 6, 7]],
    )
    assert.deepEqual(
      [4, 7].map((number) => partitions.placeOf(number)),
      [
        { topic: redrive, partition: 0 },
        { topic: redrive, partition: 1, index: 2 },
      ],
    )
    assert.deepEqual(partitions.firsts, [0, 1, 4, 5])
  })

  it('of a former source keep their numbers, which nobody else gets, and are none that is read', () => {
    // The sources were `one` and `two`; `one` is read no more, and `three` has come.
    const known = [
      { source: 3, partition: 0 },
      { source: 3, partition: 1 },
      { source: 0, partition: 0 },
    ]
    const partitions = new SourcePartitions(['two', 'three'], known, [], redrive, {
      topics: ['one'],
      arePassedOver: true,
    })
    partitions.grow([1, 2, 0])

    assert.deepEqual(partitions.firsts, [2, 3, 4])
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((number) => partitions.placeOf(number)),
      [
        { topic: 'one', partition: 0 },
        { topic: 'one', partition: 1 },
        { topic: 'two', partition: 0 },
        { topic: 'three', partition: 0 },
        { topic: 'three', partition: 1 },
      ],
    )
    assert.deepEqual(partitions.byNumber([[7], [8, 9]], 0), [0, 0, 7, 8, 9])
  })
})
