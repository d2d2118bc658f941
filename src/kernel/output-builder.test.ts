import { Reader, readRecordsBatch } from '@platformatic/kafka'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Outputs, readOutput } from './fixtures/outputs.ts'
import { readAll, varint } from './fixtures/record-batch.ts'
import { type OutputBatch, varintLength, writeVarint } from './output-batch.ts'
import type { OutputBuilder } from './output-builder.ts'

const stamp = { producerId: 7n, epoch: 1, sequence: 0, isTransactional: false }

interface OutputSpec {
  partition?: number
  timestamp?: number
  key?: string | null
  value?: string | null
}

/** Writes one record without headers, as a user of the builder does. */
function write(
  builder: OutputBuilder,
  { partition = 0, timestamp = 0, key = null, value = null }: OutputSpec,
): OutputBatch {
  const keyBytes = Buffer.from(key ?? '')
  const valueBytes = Buffer.from(value ?? '')
  const valueLength = value === null ? -1 : valueBytes.length
  const batch = builder.begin(partition, timestamp, key === null ? -1 : keyBytes.length, valueLength, 1)
  batch.bytes.set(keyBytes, batch.position)
  const at = writeVarint(batch.bytes, batch.position + keyBytes.length, valueLength)
  batch.bytes.set(valueBytes, at)
  batch.bytes[at + valueBytes.length] = 0
  batch.position = at + valueBytes.length + 1
  return batch
}

describe('OutputBuilder', () => {
  it('tells how many bytes are in open batches', () => {
    const { builder } = new Outputs({ partitionCount: 2, batchBytes: 2000 })
    assert.equal(builder.openBytes, 0)

    const batches = [0, 1].map((partition) => write(builder, { partition, value: 'v'.repeat(100) }))
    assert.equal(builder.openBytes, batches[0]!.position + batches[1]!.position)
    builder.flush()

    assert.equal(builder.openBytes, 0)
  })

  const records: Required<OutputSpec>[] = [
    { partition: 1, timestamp: 1_790_000_000_000, key: 'a', value: 'first' },
    { partition: 0, timestamp: 5, key: null, value: 'no key' },
    { partition: 1, timestamp: 1_790_000_000_009, key: '', value: '' },
    { partition: 1, timestamp: 3, key: 'long ago', value: null },
    { partition: 1, timestamp: 1_790_000_000_004, key: 'k'.repeat(100), value: 'v'.repeat(300) },
  ]
  const inOrder = records.toSorted((a, b) => a.partition - b.partition)

  it('builds what the client library reads', () => {
    const outputs = new Outputs({ partitionCount: 2, batchBytes: 2000 })
    for (const record of records) write(outputs.builder, record)

    const read = outputs.take().map(({ key, value, ...record }) => ({
      ...record,
      key: key?.toString() ?? null,
      value: value?.toString() ?? null,
    }))

    assert.deepEqual(
      read,
      inOrder.map((record) => ({ ...record, headers: [] })),
    )
  })

  it('has as many batches in the memory that it reserves as fit there, beside one another', () => {
    const batchBytes = 301
    const { builder, batches } = new Outputs({ partitionCount: 3, batchBytes, reservedBytes: 2 * 310 })
    const values = ['a', 'b', 'c'].map((letter) => letter.repeat(200))
    for (const [partition, value] of values.entries()) write(builder, { partition, value })
    builder.flush()

    const read = batches.flatMap((batch) => readAll([Buffer.from(batch.seal(stamp))]))

    assert.deepEqual(
      read.map(({ value }) => value),
      values,
    )
    const [first, second, third] = batches.map(({ memory }) => memory)
    assert.equal(first, second)
    assert.notEqual(first, third)
    assert.equal(first!.byteLength, 2 * 310)
  })

  it('has as many batches in memory that threads see as it keeps, and larger ones in memory to be given away', () => {
    const keptMax = 512
    const { builder, batches } = new Outputs({ partitionCount: 1, batchBytes: 200, isShared: true })
    const fill = (count: number) => {
      for (let made = 0; made < count; made++) write(builder, { value: 'v'.repeat(50) })
      builder.flush()
      return batches.splice(0)
    }
    const sharedIn = (made: readonly OutputBatch[]) => made.filter(({ isShared }) => isShared).length

    const first = fill(keptMax + 3)
    for (const batch of first) builder.recycle(batch)
    const again = fill(keptMax)
    builder.letGo()
    const afterwards = fill(2)
    write(builder, { value: 'v'.repeat(500) })
    builder.flush()

    assert.deepEqual([first, again, afterwards, batches].map(sharedIn), [keptMax, keptMax, 2, 0])
  })

  it('builds what the batch reader reads', () => {
    const outputs = new Outputs({ partitionCount: 2, batchBytes: 2000 })
    for (const record of records) write(outputs.builder, record)
    outputs.builder.flush()

    const read = outputs.batches.flatMap((batch) => readAll([batch.seal(stamp)]))

    assert.deepEqual(
      read.map(({ timestamp, value }) => ({ timestamp, value })),
      inOrder.map(({ timestamp, value }) => ({ timestamp, value })),
    )
    assert.deepEqual(
      read.map(({ offset }) => offset),
      [0, 0, 1, 2, 3],
    )
  })

  it('writes the header that a broker checks', () => {
    const outputs = new Outputs({ partitionCount: 1, batchBytes: 2000 })
    for (const timestamp of [50, 90, 70]) write(outputs.builder, { timestamp, value: 'v' })
    outputs.builder.flush()
    const [batch] = outputs.batches
    const sealed = batch!.seal({ producerId: 2n ** 40n, epoch: 32767, sequence: 2 ** 31 - 1, isTransactional: true })

    const { records, crc, ...header } = readRecordsBatch(Reader.from(Buffer.from(sealed)))

    assert.deepEqual(header, {
      firstOffset: 0n,
      length: sealed.length - 12,
      partitionLeaderEpoch: -1,
      magic: 2,
      attributes: 0x10,
      lastOffsetDelta: 2,
      firstTimestamp: 50n,
      maxTimestamp: 90n,
      producerId: 2n ** 40n,
      producerEpoch: 32767,
      firstSequence: 2 ** 31 - 1,
    })
    assert.deepEqual(
      records.map(({ offsetDelta }) => offsetDelta),
      [0, 1, 2],
    )
    assert.deepEqual([batch!.sink, batch!.partition, crc], [3, 0, sealed.readUInt32BE(17)])
  })

  it('can seal a batch again with another stamp', () => {
    const outputs = new Outputs({ partitionCount: 1, batchBytes: 2000 })
    write(outputs.builder, { value: 'v' })
    outputs.builder.flush()
    const first = Buffer.from(outputs.batches[0]!.seal({ ...stamp, isTransactional: true }))

    const second = outputs.batches[0]!.seal({ ...stamp, sequence: 5 })

    assert.notDeepEqual(first, second)
    assert.deepEqual(readAll([first]), readAll([second]))
    assert.equal(second.readInt16BE(21), 0)
  })

  it('closes a batch when the next record does not fit, and never writes past its size', () => {
    const outputs = new Outputs({ partitionCount: 1, batchBytes: 500 })
    const values = Array.from({ length: 400 }, (_, i) => 'x'.repeat((i * 7) % 400))
    for (const value of values) write(outputs.builder, { timestamp: value.length * 1e9, key: 'k', value })
    outputs.builder.flush()

    for (const batch of outputs.batches) assert.ok(batch.position <= batch.capacity && batch.capacity === 500)
    assert.deepEqual(
      outputs.batches.flatMap(readOutput).map(({ value }) => value!.toString()),
      values,
    )
  })

  it('gives a record that is larger than a batch one of its own, in order', () => {
    const outputs = new Outputs({ partitionCount: 1, batchBytes: 200 })
    const values = ['before', 'x'.repeat(5000), 'after', 'y'.repeat(200), 'z'.repeat(200), 'end']
    for (const value of values) write(outputs.builder, { key: 'k', value })
    outputs.builder.flush()

    assert.deepEqual(
      outputs.batches.map(({ count }) => count),
      [1, 1, 1, 1, 1, 1],
    )
    assert.deepEqual(
      outputs.batches.flatMap(readOutput).map(({ value }) => value!.toString()),
      values,
    )
  })

  it('hands over only batches that hold a record, each once', () => {
    const outputs = new Outputs({ partitionCount: 4, batchBytes: 200 })
    write(outputs.builder, { partition: 2, value: 'v' })

    outputs.builder.flush()
    outputs.builder.flush()

    assert.deepEqual(
      outputs.batches.map(({ partition }) => partition),
      [2],
    )
  })

  it('uses recycled batches again, but none of another size', () => {
    const outputs = new Outputs({ partitionCount: 2, batchBytes: 200 })
    const ordinary = write(outputs.builder, { partition: 0, value: 'v' })
    const large = write(outputs.builder, { partition: 1, value: 'v'.repeat(300) })
    outputs.take()

    const [next, another] = [0, 1].map((partition) => write(outputs.builder, { partition, value: 'w' }))

    assert.equal(next, ordinary)
    assert.ok(another !== large && another !== ordinary)
    assert.deepEqual(
      outputs.take().map(({ value }) => value!.toString()),
      ['w', 'w'],
    )
  })
})

describe('writeVarint', () => {
  it('writes what the protocol says at every border, and varintLength tells its length', () => {
    const borders = [0, 6, 7, 13, 14, 20, 21, 27, 28, 29, 30, 31, 32, 34, 35, 41, 42, 48, 49, 51].map(
      (bits) => 2 ** bits,
    )
    const values = borders.flatMap((border) => [border - 1, border, -border, -border - 1])
    for (const value of values) {
      const bytes = new Uint8Array(16)
      const end = writeVarint(bytes, 3, value)

      assert.deepEqual(Buffer.from(bytes.subarray(3, end)), varint(value), `${value}`)
      assert.equal(varintLength(value), end - 3, `${value}`)
    }
  })
})
