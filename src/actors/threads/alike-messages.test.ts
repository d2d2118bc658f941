import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { noAsk, pack, unpack } from './alike-messages.ts'

const value = fc.oneof(
  { weight: 4, arbitrary: fc.double() },
  fc.constantFrom<unknown>('a', 'b', true, null, undefined, NaN, -0, 7n, [1]),
)
const fields = fc.constantFrom(['type'], ['type', 'amount'], ['amount', 'type'], ['__proto__', 'type'], [])
const message = fc
  .tuple(fields, fc.array(value, { minLength: 2, maxLength: 2 }))
  .map(([names, values]) => Object.fromEntries(names.map((name, index) => [name, values[index]])))
const entry = fc.record({
  to: fc.constantFrom(1, 1, 1, 2),
  ask: fc.constantFrom(noAsk, noAsk, noAsk, 3),
  message: fc.oneof({ weight: 5, arbitrary: message }, fc.constant([1, 2])),
  replaced: fc.constantFrom(undefined, undefined, undefined, []),
  repeated: fc.integer({ min: 1, max: 6 }),
})

describe('Messages that are alike', () => {
  it('B17 come out of their columns as they went in, in the order of all, and cross as structured clone takes them', () => {
    check(
      fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
        const flat = entries.flatMap(({ to, ask, message, replaced, repeated }) =>
          Array.from({ length: repeated }, () => [to, ask, message, replaced]).flat(),
        )

        const crossed = structuredClone(pack(flat))

        assert.deepEqual(
          crossed.flatMap((each) => (each.type === 'alike' ? unpack(each) : each.flat)),
          flat,
        )
      }),
      2_000,
    )
  })

  it('B17 are columns of one value, of numbers, or of values as they are', () => {
    const flat = ['x', 'y', 'x', 'y'].flatMap((name, amount) => [1, noAsk, { type: 'add', amount, name }, undefined])

    const columns = [{ same: 'add' }, { numbers: Float64Array.of(0, 1, 2, 3) }, { each: ['x', 'y', 'x', 'y'] }]
    assert.deepEqual(pack(flat), [{ type: 'alike', to: 1, count: 4, fields: ['type', 'amount', 'name'], columns }])
  })
})
