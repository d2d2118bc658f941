import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import {
  Decoder,
  encodeHeader,
  RecordColumns,
  sourceSlackBytes,
  varintLength,
  writeVarint,
} from '../../kernel/index.ts'
import { orders } from '../fixtures/orders.ts'
import { planTopology } from '../topology/plan.ts'
import { CarriedContexts, soughtByDecoder, type TraceWishes } from './carried-contexts.ts'
import { TraceSampling } from './trace-sampling.ts'

type Headers = readonly (readonly [name: string, value: string])[]

const wishes: TraceWishes = { plan: planTopology(orders), tracing: { sampling: new TraceSampling(0.5) } }

const digits = (count: number) =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: count, maxLength: count }),
    fc.constantFrom('0'.repeat(count), 'F'.repeat(count), `${'8'.repeat(count - 1)}/`, `g${'8'.repeat(count - 1)}`),
  )
const dash = fc.oneof({ weight: 20, arbitrary: fc.constant('-') }, fc.constant('_'))
const parent = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constant('00') }, fc.constantFrom('01', 'fe', 'ff', '0x')),
    dash,
    digits(32),
    dash,
    digits(16),
    dash,
    fc.constantFrom('00', '01', '03', '0a', '0b', '0x', 'x1'),
    fc.oneof(
      { weight: 5, arbitrary: fc.constant('') },
      fc.constantFrom('-', 'x', '-x', `-${'x'.repeat(7)}`, '-'.repeat(9)),
    ),
  )
  .map((fields) => fields.join(''))
const state = fc.string({ unit: fc.constantFrom('a', '=', ' ', '~', '\t', '\n', '\x7f', '\x1f'), maxLength: 66 })
const header = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('traceparent'), parent) },
  fc.tuple(fc.constant('traceparent'), fc.constantFrom('', '00', 'y'.repeat(54), 'y'.repeat(300))),
  { weight: 2, arbitrary: fc.tuple(fc.constant('tracestate'), state) },
  fc.tuple(fc.constantFrom('Traceparent', 'traceparenT', 'Tracestate', 'tracestatE', 'x', 'x'.repeat(70)), parent),
)

/** Records of which each has these headers, as a reader leaves them. */
function rowsWith(all: readonly Headers[]): RecordColumns {
  const value = Buffer.from('{"side":"A","key":1}')
  const columns = new RecordColumns()
  const pieces: Uint8Array[] = []
  let at = 0
  for (const [row, headers] of all.entries()) {
    const count = Buffer.alloc(varintLength(headers.length))
    writeVarint(count, 0, headers.length)
    const record = [value, count, ...headers.map(([name, text]) => encodeHeader(name, Buffer.from(text)))]
    pieces.push(...record)
    columns.valueStart[row] = columns.recordStart[row] = at
    columns.valueEnd[row] = at + value.length
    columns.recordEnd[row] = at += record.reduce((sum, { length }) => sum + length, 0)
  }
  const bytes = Buffer.concat([...pieces, Buffer.alloc(sourceSlackBytes)])
  columns.bytes = bytes
  columns.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  columns.count = all.length
  return columns
}

/** What each row carries in the end. */
function carried(all: readonly Headers[], leastRandom: Uint8Array | undefined): (string | undefined)[] {
  const columns = rowsWith(all)
  new Decoder({
    route: ['side'],
    sides: [{ name: 'A', part: { kind: 'record' }, key: { kind: 'field', path: ['key'] } }],
    depthMax: 8,
    keyBytesMax: 64,
    leastRandom,
  }).decode(columns)
  new CarriedContexts(wishes).take(columns)
  return all.map((_, row) => {
    const [start, end] = [columns.carriedStart[row], columns.carriedEnd[row]]
    return start === end ? undefined : Buffer.from(columns.extra.bytes.subarray(start, end)).toString('latin1')
  })
}

describe('what parts carry of traces', () => {
  it('is the same where the decoder has looked as where nobody has', () => {
    const headers = fc.array(header, { maxLength: 70, size: 'small' })
    let carrying = 0
    check(
      fc.property(fc.array(headers, { minLength: 1, maxLength: 20 }), (all) => {
        const found = carried(all, soughtByDecoder(wishes))
        assert.deepEqual(found, carried(all, undefined))
        carrying += found.filter((each) => each !== undefined).length
      }),
      500,
    )
    assert.ok(carrying > 0)
  })
})
