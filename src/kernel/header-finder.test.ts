import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { RecordColumns } from './columns.ts'
import { HeaderFinder } from './header-finder.ts'
import { writeVarint } from './output-batch.ts'
import { headerOf } from './record-headers.ts'

type Header = readonly [name: string, value: Uint8Array | undefined]

/** A row whose record has these headers, or what is left of them where it is cut off. */
function rowWith(headers: readonly Header[], { cut = 0, isElsewhere = false } = {}): RecordColumns {
  const value = Buffer.from('{}')
  const head = Buffer.concat([Buffer.of(0), numbers(0, 0, -1, value.length), value])
  const sized = ([name, of]: Header) => [numbers(name.length), name, numbers(of?.length ?? -1), of ?? '']
  const record = Buffer.concat([
    head,
    numbers(headers.length),
    ...headers.flatMap(sized).map((each) => Buffer.from(each)),
  ])
  const bytes = Buffer.concat([record.subarray(0, record.length - cut), value, Buffer.alloc(8)])
  const columns = new RecordColumns()
  columns.reset(0, bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length))
  columns.count = 1
  columns.recordEnd[0] = record.length - cut
  columns.valueStart[0] = isElsewhere ? columns.recordEnd[0] : head.length - value.length
  columns.valueEnd[0] = columns.valueStart[0] + value.length
  return columns
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(10 * values.length)
  return bytes.subarray(
    0,
    values.reduce((at, value) => writeVarint(bytes, at, value), 0),
  )
}

const name = fc.constantFrom('traceparent', 'traceparenT', 'tracestate', '', 'x'.repeat(11), 'y'.repeat(70))
const value = fc.option(fc.uint8Array({ maxLength: 80 }), { nil: undefined })

describe('a finder of headers', () => {
  it('finds the last header of its name, as one does that reads them all', () => {
    const finder = new HeaderFinder('traceparent')
    const property = fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 70, size: 'small' }),
      fc.option(fc.nat(300), { nil: 0 }),
      fc.boolean(),
      (headers, cut, isElsewhere) => {
        const most = Math.min(cut, headers.length)
        const columns = rowWith(headers, { cut: most, isElsewhere })
        const expected = headerOf(columns, 0, 'traceparent')

        const isFound = finder.find(columns, 0)

        const { start, length } = finder
        assert.deepEqual(
          isFound ? Uint8Array.from(columns.bytes.subarray(start, start + length)) : undefined,
          expected && Uint8Array.from(expected),
        )
      },
    )
    check(property, 500)
  })

  for (const text of ['four', 'sevenXX', 'twelve-bytes']) {
    it(`knows the name ${text} from all that differ from it in a byte`, () => {
      const finder = new HeaderFinder(text)
      assert.ok(finder.find(rowWith([[text, Buffer.from('v')]]), 0))
      for (let at = 0; at < text.length; at++) {
        const other = `${text.slice(0, at)}?${text.slice(at + 1)}`
        assert.equal(finder.find(rowWith([[other, Buffer.from('v')]]), 0), false, other)
      }
    })
  }
})
