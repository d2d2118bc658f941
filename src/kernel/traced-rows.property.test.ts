import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { BatchReader } from './batch-reader.ts'
import { RecordColumns } from './columns.ts'
import { Decoder } from './decoder.ts'
import { fetched, recordBatch } from './fixtures/record-batch.ts'

type Headers = readonly (readonly [name: string, value: string])[]

/** The last 14 of the digits of an id. */
const random = fc
  .constantFrom('0', '8', 'f')
  .chain((first) => fc.constantFrom(`${first}7ffffffffffff`, first.repeat(14)))
const parent = fc
  .tuple(random, fc.constantFrom('00', '01', '02', '0a', '0b', 'ff'))
  .map(([digits, flags]) => `00-${'1'.repeat(18)}${digits}-b7ad6b7169203331-${flags}`)
const name = fc.constantFrom('traceparent', 'of-eleven-b', 'tracestate', 'y'.repeat(70))
const value = fc.oneof(
  { weight: 4, arbitrary: parent },
  fc.constantFrom('', 'e'.repeat(54), 'e'.repeat(63), 'e'.repeat(64), 'e'.repeat(300)),
)
const headersOf = fc.array(fc.tuple(name, value), { maxLength: 70, size: 'small' })

/** Whether somebody else has to look: at headers that are long or many. */
function areOdd(headers: Headers): boolean {
  return headers.length >= 64 || headers.some(([header, text]) => header.length >= 64 || text.length >= 64)
}

/** A batch of records with these headers, read. */
function rowsWith(all: readonly Headers[]): RecordColumns {
  const records = all.map((headers) => ({ value: '{"side":"A","key":1,"part":2}', headers }))
  const columns = new RecordColumns()
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  reader.open(fetched([recordBatch({ records })]))
  reader.fill(columns)
  return columns
}

function decoderOf(leastRandom: string | undefined, isRouted = true): Decoder {
  return new Decoder({
    route: isRouted ? ['side'] : undefined,
    sides: [{ name: 'A', part: { kind: 'field', path: ['part'] }, key: { kind: 'field', path: ['key'] } }],
    depthMax: 8,
    keyBytesMax: 64,
    leastRandom: leastRandom === undefined ? undefined : Buffer.from(leastRandom),
  })
}

describe('the rows whose traces the decoder leaves to others', () => {
  it('are those whose headers are not as they mostly are', () => {
    const property = fc.property(
      fc.array(headersOf, { minLength: 1, maxLength: 20 }),
      random,
      fc.boolean(),
      (all, least, isRouted) => {
        const columns = rowsWith(all)
        if (!isRouted) columns.side.fill(0, 0, columns.count)

        decoderOf(least, isRouted).decode(columns)

        const expected = [...all.keys()].filter((row) => areOdd(all[row]!))
        assert.deepEqual(columns.unseenRows, expected)
      },
    )
    check(property, 500)
  })

  it('are those whose headers are cut off, wherever, or do not follow their value', () => {
    const decoder = decoderOf('f'.repeat(14))
    for (const headers of [[['traceparent', `00-${'1'.repeat(32)}-b7ad6b7169203331-00`]], []] as const) {
      const columns = rowsWith([headers])
      const end = columns.recordEnd[0]!
      decoder.decode(columns)
      assert.deepEqual(columns.unseenRows, [])
      for (let cut = columns.valueEnd[0]! - 10; cut < end; cut++) {
        columns.recordEnd[0] = cut
        decoder.decode(columns)
        assert.deepEqual(columns.unseenRows, [0], `cut after ${cut} of ${end} bytes`)
      }
    }
  })

  it('are not told where nobody asks', () => {
    const columns = rowsWith([[['traceparent', `00-${'f'.repeat(32)}-b7ad6b7169203331-01`]]])
    decoderOf(undefined).decode(columns)
    assert.equal(columns.unseenRows, undefined)
  })
})
