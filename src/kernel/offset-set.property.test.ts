import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { decodeOffsets, OffsetEncoder } from './offset-codec.ts'
import { OffsetSet } from './offset-set.ts'

/** An epoch: how far it consumes, which of these offsets stay, and which share of the older ones leaves. */
const epoch = fc.record({
  consumed: fc.oneof(fc.nat(40), fc.nat(20_000)),
  stay: fc.array(fc.nat(20_000), { maxLength: 400 }),
  isDense: fc.boolean(),
  leave: fc.array(fc.nat(1_000_000), { maxLength: 200 }),
  leavesAll: fc.boolean(),
  isCommitted: fc.boolean(),
})

function membersOf(set: OffsetSet): number[] {
  return written((encoder) => set.members((first, words) => encoder.add(first, words)))
}

function written(write: (encoder: OffsetEncoder) => void): number[] {
  const encoder = new OffsetEncoder(1024)
  write(encoder)
  const offsets: number[] = []
  for (const piece of encoder.finish()) {
    decodeOffsets(piece, (from, to) => {
      for (let offset = from; offset < to; offset++) offsets.push(offset)
    })
  }
  return offsets
}

describe('OffsetSet', () => {
  it('holds what a plain set holds, and tells what an epoch changed, through commits and rollbacks', () => {
    check(
      fc.property(fc.constantFrom(0, 4095, 2 ** 40), fc.array(epoch, { maxLength: 6 }), (start, epochs) => {
        const set = new OffsetSet()
        let model = new Set<number>()
        let next = start
        for (const { consumed, stay, isDense, leave, leavesAll, isCommitted } of epochs) {
          const after = new Set(model)
          const older = [...model]
          for (const at of leavesAll ? older.keys() : leave) {
            const offset = older[at % Math.max(1, older.length)]
            if (offset === undefined || !after.delete(offset)) continue
            set.delete(offset)
          }
          const to = next + consumed
          const kept = isDense ? Array.from({ length: to - next }, (_, at) => at) : stay
          for (const at of kept) {
            const offset = next + at
            if (offset >= to || after.has(offset)) continue
            after.add(offset)
            set.add(offset)
          }
          const told = written((encoder) => set.changes((first, words) => encoder.add(first, words)))
          const left = older.filter((offset) => !after.has(offset))
          const came = [...after].filter((offset) => !model.has(offset))
          assert.deepEqual(
            told,
            [...left, ...came].sort((a, b) => a - b),
          )
          if (isCommitted) {
            set.settle()
            model = after
            next = to
          } else set.rollback()
          const members = [...model].sort((a, b) => a - b)
          assert.deepEqual(membersOf(set), members)
          assert.equal(set.count, members.length)
          assert.equal(set.firstFrom(0), members[0])
          for (const offset of [start, next, ...members.slice(0, 50)]) assert.equal(set.has(offset), model.has(offset))
        }
      }),
      500,
    )
  })
})

describe('decodeOffsets', () => {
  it('refuses what is cut off, and never reads further than it has', () => {
    const encoder = new OffsetEncoder(4096)
    encoder.add(2 ** 40, new Int32Array(128).fill(0x55555555))
    const [piece] = encoder.finish() as [Uint8Array]
    // Its first number, which is all that a piece without entries has, takes six bytes.
    for (let length = 0; length < piece.length; length++) {
      if (length === 6) continue
      const read: number[] = []
      const cut = () => decodeOffsets(piece.subarray(0, length), (from) => read.push(from))
      assert.throws(cut, RangeError)
      assert.deepEqual(read, [])
    }
  })

  it('throws nothing but RangeError for bytes of any kind', () => {
    check(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        try {
          decodeOffsets(bytes, () => {})
        } catch (error) {
          assert.ok(error instanceof RangeError)
        }
      }),
      5_000,
    )
  })
})
