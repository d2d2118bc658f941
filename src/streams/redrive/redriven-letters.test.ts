import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RecordColumns } from '../../kernel/index.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { viewOf } from '../functions/record-view.ts'
import { SourcePartitions } from '../topics/source-partitions.ts'
import { redrivenRows } from './fixtures/redriven-rows.ts'
import { RedrivenLetters } from './redriven-letters.ts'

const redriveTopic = 'app.redrive'
/** Where accounts begin. */
const none = Array<number>(6).fill(0)

function partitionsOf(): SourcePartitions {
  const partitions = new SourcePartitions(['source'], [], [], redriveTopic)
  partitions.grow([2, 2])
  return partitions
}

const origin = (offset: number) => ({ topic: 'source', partition: 1, offset })
const letter = (offset: number, reason = 'STAGE_FAILED') => {
  return { ...origin(offset), consumed: origin(offset), reason, redriven: 1 }
}

describe('RedrivenLetters', () => {
  it('have functions see the record as it was in its source', () => {
    const letters = new RedrivenLetters(partitionsOf())
    const columns = redrivenRows(3, [letter(17)])

    letters.note(columns)

    const view = viewOf(columns, 0, { topic: redriveTopic, partition: 1 })
    assert.deepEqual([view.topic, view.partition, view.offset], ['source', 1, 17n])
    assert.equal(view.key?.toString(), 'key')
    assert.deepEqual(
      [...view.headers].map(({ name }) => name),
      ['trace'],
    )
  })

  it('make of dead letters what is redriven, and leave duplicates and expired parts what they were', () => {
    const letters = new RedrivenLetters(partitionsOf())
    const columns = redrivenRows(3, [letter(17), letter(18, 'DUPLICATE'), letter(19, 'EXPIRED'), undefined])
    const counts = new EpochCounts([0, 0, 0, 0])
    letters.note(columns)

    letters.count(columns, counts, none)

    assert.deepEqual([...counts.redriven], [0, 1, 0, 0])
    assert.deepEqual([...counts.deadLettered], [0, -1, 0, 0])
  })

  it('are counted as nothing where they became letters before the account began', () => {
    const letters = new RedrivenLetters(partitionsOf())
    const columns = redrivenRows(3, [letter(17), letter(18)])
    const counts = new EpochCounts([0, 0, 0, 0])
    letters.note(columns)

    letters.count(columns, counts, [0, 18, 0, 0])

    assert.deepEqual([counts.redriven[1], counts.deadLettered[1]], [1, -1])
  })

  it('count one that was redriven twice where it was a dead letter the last time', () => {
    const letters = new RedrivenLetters(partitionsOf())
    const consumed = { topic: redriveTopic, partition: 1, offset: 4 }
    const columns = redrivenRows(3, [{ ...letter(17), consumed, redriven: 2 }])
    const counts = new EpochCounts([0, 0, 0, 0])
    letters.note(columns)

    letters.count(columns, counts, none)

    assert.deepEqual([...counts.redriven], [0, 0, 0, 1])
  })

  it('of a source with a flatMap count once for all that is made of them, and leave when all of it has', () => {
    const partitions = new SourcePartitions(['source'], [], [3], redriveTopic)
    partitions.grow([1, 1])
    const letters = new RedrivenLetters(partitions)
    const place = { topic: 'source', partition: 0, offset: 17, index: 1 }
    const columns = redrivenRows(3, [{ ...place, extent: 'rest', consumed: place, reason: 'MAP_FAILED', redriven: 1 }])
    letters.note(columns)
    const made = new RecordColumns()
    made.reset(3, columns.bytes, columns.view)
    for (const lane of [1, 2]) {
      made.lane[made.count] = lane
      made.copyRow(columns, 0)
    }
    const counts = new EpochCounts([0, 0, 0, 0, 0, 0])

    letters.count(made, counts, none)

    assert.deepEqual([...counts.redriven], [0, 1, 0, 0, 0, 0])
    assert.deepEqual([letters.at(4, 0)?.extent, letters.at(5, 0)?.index], ['rest', 1])
    letters.note(redrivenRows(3, Array(1_500).fill(letters.at(3, 0))))
    letters.forget((number, offset) => number !== 5 || offset > 0)
    assert.deepEqual([letters.at(4, 0)?.offset, letters.at(4, 1)], [17, undefined])
  })

  it('know nothing of records of a source', () => {
    const letters = new RedrivenLetters(partitionsOf())
    const columns = redrivenRows(0, [letter(17)])

    letters.note(columns)

    assert.equal(columns.origins, undefined)
    assert.equal(letters.at(0, 0), undefined)
  })

  it('forget, now and then, those that have left', () => {
    const letters = new RedrivenLetters(partitionsOf())
    const many = Array.from({ length: 1_500 }, (_, offset) => letter(offset))
    letters.note(redrivenRows(3, many))

    letters.forget((_partition, offset) => offset !== 7)

    assert.deepEqual([letters.at(3, 6), letters.at(3, 7)?.offset], [undefined, 7])
  })
})
