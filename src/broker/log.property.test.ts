import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { batchHeader, headerBytes } from './batch.ts'
import { Log } from './log.ts'
import { MemoryBudget } from './memory.ts'

const runs = 300

interface Made {
  readonly recordCount: number
  /** Bytes after the header; a segment holds some 64 KiB at first. */
  readonly bodyBytes: number
}

const made = fc.record({
  recordCount: fc.integer({ min: 1, max: 5 }),
  bodyBytes: fc.oneof(
    { weight: 8, arbitrary: fc.nat({ max: 2_000 }) },
    { weight: 1, arbitrary: fc.nat({ max: 150_000 }) },
  ),
})
const batches = fc.array(made, { minLength: 1, maxLength: 40 })

describe('a log', () => {
  it('gives every batch once and in order to a reader that goes from fetch to fetch', () => {
    check(
      fc.property(batches, fc.integer({ min: 1, max: 200_000 }), (wanted, sizeBytesMax) => {
        const log = logOf(wanted)

        const read: Buffer[] = []
        for (let offset = 0; offset < log.endOffset;) {
          const slice = log.read(offset, { endOffset: log.endOffset, sizeBytesMax, anySizeFirst: true })
          const whole = wholeBatches(slice!.bytes)
          read.push(...whole)
          offset = batchHeader.lastOffset(whole.at(-1)!, 0) + 1
        }

        assert.deepEqual(read.map(describeBatch), wanted.map(describeMade))
        assert.equal(
          log.endOffset,
          wanted.reduce((sum, { recordCount }) => sum + recordCount, 0),
        )
      }),
      runs,
    )
  })

  it('begins with the batch of the offset and ends within the limits', () => {
    check(
      fc.property(
        batches,
        fc.record({ from: fc.nat(), to: fc.nat(), sizeBytesMax: fc.nat({ max: 200_000 }), anySizeFirst: fc.boolean() }),
        (wanted, { from, to, sizeBytesMax, anySizeFirst }) => {
          const log = logOf(wanted)
          const offset = from % log.endOffset
          const endOffset = to % (log.endOffset + 1)

          const slice = log.read(offset, { endOffset, sizeBytesMax, anySizeFirst })

          if (slice === undefined) {
            const first = log.read(offset, { endOffset, sizeBytesMax: 0, anySizeFirst: true })
            assert.ok(first === undefined ? offset >= endOffset : first.bytes.length > sizeBytesMax && !anySizeFirst)
            return
          }
          const whole = wholeBatches(slice.bytes)
          const [first] = whole
          const last = whole.at(-1)!
          assert.ok(batchHeader.baseOffset(first!, 0) <= offset && offset <= batchHeader.lastOffset(first!, 0))
          assert.ok(slice.bytes.length <= sizeBytesMax || (anySizeFirst && slice.bytes.length === first!.length))
          assert.ok(batchHeader.baseOffset(last, 0) < endOffset)
          assert.ok(slice.endOffset > batchHeader.lastOffset(last, 0))
        },
      ),
      runs,
    )
  })

  it('counts the bytes that a reader has before it', () => {
    check(
      fc.property(batches, fc.nat(), (wanted, from) => {
        const log = logOf(wanted)
        const offset = from % log.endOffset

        let expected = 0
        for (let next = offset; next < log.endOffset;) {
          const slice = log.read(next, { endOffset: log.endOffset, sizeBytesMax: 0, anySizeFirst: true })
          expected += slice!.bytes.length
          next = slice!.endOffset
        }

        assert.equal(log.bytesBetween(offset, log.endOffset), expected)
      }),
      runs,
    )
  })

  it('gives memory back with the records before its start', () => {
    check(
      fc.property(batches, fc.nat(), (wanted, from) => {
        const memory = new MemoryBudget(Number.MAX_SAFE_INTEGER)
        const log = logOf(wanted, memory)
        const start = from % (log.endOffset + 1)

        log.advanceStart(start)
        const slice = log.read(start, { endOffset: log.endOffset, sizeBytesMax: 0, anySizeFirst: true })

        assert.equal(log.startOffset, start)
        assert.equal(slice === undefined, start === log.endOffset)
        if (start === log.endOffset) assert.ok(memory.has(Number.MAX_SAFE_INTEGER))
      }),
      runs,
    )
  })
})

function logOf(wanted: readonly Made[], memory = new MemoryBudget(Number.MAX_SAFE_INTEGER)): Log {
  const log = new Log(memory)
  for (const { recordCount, bodyBytes } of wanted) {
    const batch = Buffer.alloc(headerBytes + bodyBytes)
    batch.writeInt32BE(batch.length - 12, 8)
    batch.writeInt32BE(recordCount - 1, 23)
    log.append(batch, 0)
  }
  return log
}

/** What clients take from a fetch: all but an incomplete batch at its end. */
function wholeBatches(bytes: Buffer): Buffer[] {
  const whole: Buffer[] = []
  let rest = bytes
  while (rest.length >= headerBytes && rest.length >= batchHeader.sizeBytes(rest, 0)) {
    whole.push(rest.subarray(0, batchHeader.sizeBytes(rest, 0)))
    rest = rest.subarray(whole.at(-1)!.length)
  }
  return whole
}

const describeBatch = (batch: Buffer) => `${batchHeader.lastOffsetDelta(batch, 0) + 1} records, ${batch.length} bytes`
const describeMade = ({ recordCount, bodyBytes }: Made) => `${recordCount} records, ${headerBytes + bodyBytes} bytes`
