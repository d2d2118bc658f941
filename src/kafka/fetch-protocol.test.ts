import { createRecordsBatch, fetchV13, Reader } from '@platformatic/kafka'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { check } from '../../test/property.ts'
import { decodeFetch, encodeFetch, offsetBehind } from './fetch-protocol.ts'
import { WireWriter } from './wire.ts'

const topicId = '01234567-89ab-cdef-0123-456789abcdef'

describe('encodeFetch', () => {
  it('writes what @platformatic/kafka writes', () => {
    const partition = fc.record({ position: fc.maxSafeNat(), leaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }) })
    const limits = fc.record({ maxWaitMs: fc.nat(), responseBytes: fc.nat(), partitionBytes: fc.nat() })

    check(
      fc.property(fc.array(partition, { minLength: 1, maxLength: 300 }), limits, (states, bounds) => {
        const partitions = states.map((_, index) => index)
        const encoded = encodeFetch({
          topicId,
          partitions,
          positions: Float64Array.from(states, ({ position }) => position),
          leaderEpochs: Int32Array.from(states, ({ leaderEpoch }) => leaderEpoch),
          ...bounds,
        })

        const asked = states.map(({ position, leaderEpoch }, index) => ({
          partition: index,
          currentLeaderEpoch: leaderEpoch,
          fetchOffset: BigInt(position),
          lastFetchedEpoch: -1,
          partitionMaxBytes: bounds.partitionBytes,
        }))
        const topics = [{ topicId, partitions: asked }]
        const { maxWaitMs, responseBytes } = bounds
        const wanted = fetchV13.createRequest(maxWaitMs, 1, responseBytes, 1, 0, -1, topics, [], '')
        // The header's tags stand in front.
        assert.deepEqual(encoded, Buffer.concat([Buffer.of(0), wanted.buffer]))
      }),
      200,
    )
  })
})

describe('decodeFetch', () => {
  it('reads what @platformatic/kafka reads', () => {
    const partition = fc.record({
      partition: fc.nat(),
      recordCount: fc.nat({ max: 300 }),
      aborted: fc.option(
        fc.array(fc.record({ producerId: fc.bigInt(0n, 2n ** 63n - 1n), firstOffset: fc.maxSafeNat() })),
      ),
      tags: fc.uniqueArray(fc.record({ tag: fc.integer({ min: 3, max: 500 }), bytes: fc.nat({ max: 200 }) }), {
        selector: ({ tag }) => tag,
      }),
    })

    check(
      fc.property(fc.array(partition, { maxLength: 4 }), fc.nat(), (partitions, throttleTimeMs) => {
        const response = encodeResponse(partitions, throttleTimeMs)
        const memory = Buffer.concat([Buffer.alloc(4), Buffer.of(0), response, Buffer.alloc(50, 0xff)])

        const decoded = decodeFetch(memory, 4, 5 + response.length)

        const wanted = fetchV13.parseResponse(0, 1, 13, Reader.from(response))
        assert.equal(decoded.throttleTimeMs, wanted.throttleTimeMs)
        assert.equal(decoded.errorCode, wanted.errorCode)
        assert.deepEqual(
          decoded.partitions.map(({ start, end, ...rest }) => ({
            ...rest,
            recordCount: start === end ? 0 : memory.readInt32BE(start + 57),
            bytes: end - start,
          })),
          wanted.responses.flatMap((topic) =>
            topic.partitions.map(({ partitionIndex, errorCode, lastStableOffset, abortedTransactions, records }) => ({
              partition: partitionIndex,
              errorCode,
              lastStableOffset: Number(lastStableOffset),
              aborted: (abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
                producerId,
                firstOffset: Number(firstOffset),
              })),
              recordCount: records?.[0]?.records.length ?? 0,
              bytes: records?.[0] === undefined ? 0 : records[0].length + 12,
            })),
          ),
        )
      }),
      200,
    )
  })

  it('reads the error of the whole request and of a partition', () => {
    const response = new WireWriter().noTags().int32(0).int16(71).int32(0).compactLength(0).noTags().take()

    assert.deepEqual(decodeFetch(response, 0, response.length), { throttleTimeMs: 0, errorCode: 71, partitions: [] })
  })

  it('refuses a response that ends anywhere before its end', () => {
    const partitions = [{ partition: 1, recordCount: 2, aborted: [{ producerId: 1n, firstOffset: 5 }], tags: [] }]
    const response = Buffer.concat([Buffer.of(0), encodeResponse(partitions, 0)])
    // What lies behind the end is a response that was read before.
    const memory = Buffer.concat([response, response])

    for (let end = 0; end < response.length; end++) {
      assert.throws(() => decodeFetch(memory, 0, end), RangeError, `cut at ${end} of ${response.length}`)
    }
  })
})

describe('offsetBehind', () => {
  const batches = Buffer.concat([batch(2 ** 33, 3), batch(2 ** 33 + 3, 2)])
  const view = new DataView(batches.buffer, batches.byteOffset, batches.length)

  it('is the offset behind the last batch', () => {
    assert.equal(offsetBehind(view, 0, batches.length), 2 ** 33 + 5)
  })

  it('does not count a batch that was cut off', () => {
    assert.equal(offsetBehind(view, 0, batches.length - 1), 2 ** 33 + 3)
  })

  it('is -1 where no batch is whole', () => {
    for (const end of [0, 20, 40, 60]) assert.equal(offsetBehind(view, 0, end), -1)
  })

  it('stops at a batch that claims a negative length', () => {
    const damaged = Buffer.from(batches)
    damaged.writeInt32BE(-13, 61 + 8)

    assert.equal(offsetBehind(new DataView(damaged.buffer, damaged.byteOffset), 0, damaged.length), 2 ** 33 + 3)
  })
})

interface PartitionSpec {
  partition: number
  recordCount: number
  aborted: { producerId: bigint; firstOffset: number }[] | null
  tags: { tag: number; bytes: number }[]
}

/** A response without the tags of its header. */
function encodeResponse(partitions: PartitionSpec[], throttleTimeMs: number): Buffer {
  const writer = new WireWriter().int32(throttleTimeMs).int16(0).int32(0)
  writer
    .compactLength(1)
    .bytes(Buffer.from(topicId.replaceAll('-', ''), 'hex'))
    .compactLength(partitions.length)
  for (const { partition, recordCount, aborted, tags } of partitions) {
    writer.int32(partition).int16(0).int64(100).int64(90).int64(10)
    writer.compactLength(aborted?.length ?? -1)
    for (const { producerId, firstOffset } of aborted ?? []) {
      const id = Buffer.alloc(8)
      id.writeBigInt64BE(producerId)
      writer.bytes(id).int64(firstOffset).noTags()
    }
    const messages = Array.from({ length: recordCount }, () => ({ topic: 'orders', value: Buffer.from('value') }))
    const records = recordCount === 0 ? Buffer.alloc(0) : createRecordsBatch(messages).buffer
    writer.int32(-1).compactLength(records.length).bytes(records)
    writer.unsignedVarint(tags.length)
    for (const { tag, bytes } of tags) writer.unsignedVarint(tag).unsignedVarint(bytes).bytes(Buffer.alloc(bytes, 7))
  }
  return writer.noTags().noTags().take()
}

/** The header of a record batch. */
function batch(baseOffset: number, count: number): Buffer {
  const header = Buffer.alloc(61)
  header.writeBigInt64BE(BigInt(baseOffset), 0)
  header.writeInt32BE(49, 8)
  header.writeInt32BE(count - 1, 23)
  return header
}
