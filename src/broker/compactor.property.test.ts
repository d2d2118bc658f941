import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../test/property.ts'
import { plainCodec } from './batch-codec.ts'
import { batchHeader, headerBytes } from './batch.ts'
import { Compactor } from './compactor.ts'
import { keyedBatch } from './fixtures/keyed-batch.ts'
import { Log } from './log.ts'
import { MemoryBudget } from './memory.ts'
import { recordsOf } from './records.ts'

const runs = 300
const rules = { nowMs: 0, deleteRetentionMs: 0, aborted: [], isLastOfProducer: () => false, codec: plainCodec }
const limitBytes = Number.MAX_SAFE_INTEGER

const record = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  // A segment holds some 64 KiB at first, so that a few of the large ones fill it.
  value: fc.oneof(
    fc.constant('small'),
    fc.integer({ min: 1, max: 40_000 }).map((length) => 'x'.repeat(length)),
  ),
})
const batch = fc.array(record, { minLength: 1, maxLength: 5 })
/** Batches that are appended between one pass and the next. */
const passes = fc.array(fc.array(batch, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 })

describe('a compactor', () => {
  it('leaves of each key what a comparison with the whole log leaves, and gives the memory of the rest back', async () => {
    await checkAsync(
      fc.asyncProperty(passes, async (wanted) => {
        const memory = new MemoryBudget(limitBytes)
        const log = new Log(memory)
        const compactor = new Compactor(log)
        const all: { key: string; offset: number }[] = []
        for (const batches of wanted) {
          for (const records of batches) {
            const baseOffset = log.append(keyedBatch(records), 0)!
            all.push(...records.map(({ key }, i) => ({ key, offset: baseOffset + i })))
          }

          const endOffset = log.lastBatchOffset
          await compactor.run({ ...rules, endOffset })

          const compared = all.filter(({ offset }) => offset < endOffset)
          const newest = new Map(compared.map(({ key, offset }) => [key, offset]))
          const expected = all.filter(({ key, offset }) => offset >= endOffset || newest.get(key) === offset)
          assert.deepEqual(readAll(log), expected)
        }
        log.free()
        assert.ok(memory.has(limitBytes))
      }),
      runs,
    )
  })
})

const bodyOf = (bytes: Buffer) => bytes.subarray(headerBytes)

/** The records that a reader finds who goes from fetch to fetch. */
function readAll(log: Log): { key: string; offset: number }[] {
  const read: { key: string; offset: number }[] = []
  for (let offset = 0; offset < log.endOffset;) {
    const slice = log.read(offset, { endOffset: log.endOffset, sizeBytesMax: 0, anySizeFirst: true })!
    const records = [...recordsOf(slice.bytes, bodyOf(slice.bytes))]
    assert.equal(records.length, batchHeader.recordCount(slice.bytes, 0))
    read.push(...records.map((found) => ({ key: found.key!.toString(), offset: found.offset })))
    offset = slice.endOffset
  }
  return read
}
