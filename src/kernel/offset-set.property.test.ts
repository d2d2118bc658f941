import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { decodeOffsets, encodeOffsets } from './offset-codec.ts'
import { chunkOffsets, type ChunkVisitor, chunkWords, OffsetSet } from './offset-set.ts'

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
  return written((add) => set.members(add))
}

function written(write: (add: ChunkVisitor) => void): number[] {
  const offsets: number[] = []
  for (const piece of encodeOffsets(1024, write)) {
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
          const told = written((add) => set.changes(add))
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
          const visited: number[] = []
          set.forEach((offset) => visited.push(offset), next)
          assert.deepEqual(
            visited,
            members.filter((offset) => offset < next),
          )
          for (const offset of [start, next, ...members.slice(0, 50)]) assert.equal(set.has(offset), model.has(offset))
        }
      }),
      500,
    )
  })
})

describe('encodeOffsets', () => {
  it('writes single offsets, runs, and chunks with many of them, as checkpoints in use have them', () => {
    const few = new Int32Array(chunkWords)
    for (const offset of [5, 7, 8, 9, 300]) few[offset >>> 5]! |= 1 << (offset & 31)
    const many = new Int32Array(chunkWords).fill(0x55555555)

    const pieces = encodeOffsets(1024, (add) => {
      add(0, few)
      add(chunkOffsets, many)
    })

    const bitmap = Array.from<number>({ length: chunkOffsets / 8 }).fill(0x55)
    assert.deepEqual(pieces, [Uint8Array.of(5, 0, 4 + 1, 3, 0x88, 0x09, 0xce, 0x76, ...bitmap)])
  })

  it('goes on in another piece, which begins with its offset, where one is full', () => {
    const bits = new Int32Array(chunkWords).fill(0x55555555)

    const pieces = encodeOffsets(1024, (add) => {
      add(0, bits)
      add(chunkOffsets, bits)
    })

    assert.deepEqual(
      pieces.map((piece) => Array.from(piece.subarray(0, 4))),
      [
        [0, 2, 0x55, 0x55],
        [0x80, 0x20, 2, 0x55],
      ],
    )
  })
})

describe('decodeOffsets', () => {
  it('refuses what is cut off, and never reads further than it has', () => {
    const [piece] = encodeOffsets(4096, (add) => add(2 ** 40, new Int32Array(128).fill(0x55555555))) as [Uint8Array]
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
