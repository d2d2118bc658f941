import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Reason, RecordColumns, rowFlags } from '../../kernel/index.ts'
import { redrivenRows } from '../redrive/fixtures/redriven-rows.ts'
import { lettersIn, type RedrivenLetter } from '../redrive/letter-header.ts'
import { FlatMapRows } from './flat-map-rows.ts'

const partsMax = 4

/** What becomes of a letter of which so many records are made now: `filtered`, `left` or the lane of each row. */
function filled(
  letter: Pick<RedrivenLetter, 'index' | 'extent'> | undefined,
  made: number | 'dead',
  from = 0,
): (readonly [lane: number, what: 'made' | 'filtered' | 'unmade'])[] {
  const place = { topic: 'source', partition: 0, offset: 17 }
  const columns = redrivenRows(0, [letter && { ...place, ...letter, consumed: place, reason: '', redriven: 1 }])
  columns.origins = lettersIn(columns)
  columns.clearFindings()
  const values = { stringify: JSON.stringify } as never
  const facts = { apply: () => [], values, place: { topic: 'redrive', partition: 0 }, tables: undefined }
  const rows = new FlatMapRows(facts, partsMax, columns)
  if (made === 'dead') rows.giveUp(0, new Error())
  else rows.accept(0, Array(made).fill(1))
  const to = new RecordColumns()
  to.reset(0, columns.bytes, columns.view)
  assert.equal(
    rows.fill(to, 0, (index) => index >= from),
    1,
  )
  return Array.from({ length: to.count }, (_, row) => {
    if ((to.flags[row]! & rowFlags.unmade) !== 0) assert.equal(to.reason[row], Reason.MAP_FAILED)
    const isFiltered = (to.flags[row]! & rowFlags.filtered) !== 0
    return [to.lane[row]!, to.reason[row] !== 0 ? 'unmade' : isFiltered ? 'filtered' : 'made']
  })
}

describe('FlatMapRows', () => {
  for (const [what, letter, made, from, rows] of [
    ['all of a record of a source', undefined, 3, 0, ['0 made', '1 made', '2 made']],
    ['one row of a record that dies', undefined, 'dead', 0, ['0 unmade']],
    ['that in the first lane that wants it', undefined, 'dead', 2, ['2 unmade']],
    ['the one record that a letter is of', { index: 1, extent: 'one' }, 3, 0, ['1 made']],
    ['none where its lane has had it', { index: 1, extent: 'one' }, 3, 2, []],
    ['a filtered one where it is made no more', { index: 3, extent: 'one' }, 2, 0, ['3 filtered']],
    ['one in its lane where it dies earlier', { index: 2, extent: 'one' }, 'dead', 0, ['2 unmade']],
    ['that and the rest', { index: 1, extent: 'rest' }, 3, 0, ['1 made', '2 made']],
    ['a filtered one where there is no rest', { index: 1, extent: 'rest' }, 1, 0, ['1 filtered']],
    ['what of the rest was not taken in', { index: 1, extent: 'rest' }, 4, 2, ['2 made', '3 made']],
    ['one row for the rest where it dies again', { index: 1, extent: 'rest' }, 'dead', 2, ['2 unmade']],
    ['all of a letter that is of no lane', {}, 2, 0, ['0 made', '1 made']],
  ] as const) {
    it(`makes ${what}`, () => {
      assert.deepEqual(
        filled(letter, made, from).map(([lane, is]) => `${lane} ${is}`),
        rows,
      )
    })
  }
})
