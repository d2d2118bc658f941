import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { Outcomes, OutcomeWriter } from './outcomes.ts'

const row = fc.record({ kind: fc.nat(5), reason: fc.nat(255), made: fc.uint8Array({ maxLength: 40 }) })
const load = fc.record({
  slices: fc.array(fc.array(row, { minLength: 1, maxLength: 8 }), { maxLength: 4 }),
  room: fc.nat(800),
  length: fc.nat(80),
})

describe('B17 outcomes', () => {
  it('are read as they were written, slice by slice, behind what is in their memory or in another one', () => {
    const writer = new OutcomeWriter()
    check(
      fc.property(fc.array(load, { maxLength: 3 }), (loads) => {
        for (const { slices, room, length } of loads) {
          const given = new Uint8Array(length + room).fill(7)
          writer.open(given, length)

          const starts = slices.map((rows) => {
            const start = writer.begin(rows.length)
            let end = 0
            for (const { kind, reason, made } of rows) writer.add(kind, reason, (end += made.length))
            writer.end(Buffer.concat(rows.map(({ made }) => made)))
            return start
          })
          const bytes = writer.finish()

          assert.deepEqual(given.subarray(0, length), new Uint8Array(length).fill(7))
          slices.forEach((rows, index) => {
            const read = new Outcomes(bytes, rows.length, { start: starts[index]!, causes: [] }, new Map())
            rows.forEach(({ kind, reason, made }, at) => {
              const own = read.made.subarray(at === 0 ? 0 : read.ends[at - 1], read.ends[at])
              assert.deepEqual([read.kinds[at], read.reasons[at]], [kind, reason])
              assert.ok(Buffer.from(own).equals(made))
            })
          })
        }
      }),
    )
  })
})
