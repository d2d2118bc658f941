import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { crc32c } from '@node-rs/crc32'
import { Reader, readRecordsBatches } from '@platformatic/kafka'
import { partitionForKey } from '../../../kafka/index.ts'
import { experimentBatches } from './generator.ts'

const customers = 1_000
const small = { customers, seed: 7, partitions: 12, batchBytes: 4_096 }

describe('experimentBatches', () => {
  it('makes the same bytes from the same seed', () => {
    const [first, second] = [[...experimentBatches(small)], [...experimentBatches(small)]]

    assert.deepEqual(first, second)
  })

  it('makes other ids, parts and another order from another seed', () => {
    const first = records(small)[0]!.value
    const second = records({ ...small, seed: 8 })[0]!.value

    assert.notEqual(second.customerId.split('-')[1], first.customerId.split('-')[1])
    assert.notDeepEqual(second.part, first.part)
    assert.notEqual(second.seq, first.seq)
  })

  it('makes one record for each customer and stage', () => {
    const made = records(small).map(({ value }) => `${value.customerId.split('-')[2]} ${value.stage}`)

    const wanted = Array.from({ length: customers }, (_, customer) =>
      ['A', 'B', 'C'].map((stage) => `${customer} ${stage}`),
    )
    assert.deepEqual(made.sort(), wanted.flat().sort())
  })

  it('gives a record the shape of its stage, with nothing more', () => {
    const shapes = {
      A: /^\{"stage":"A","customerId":"cust-[0-9a-f]{8}-(\d+)","seq":\d+,"emittedAt":179\d{10},"part":\{"name":"Customer \1","segment":"\d","country":"\d{1,3}"\}\}$/,
      B: /^\{"stage":"B","customerId":"cust-[0-9a-f]{8}-\d+","seq":\d+,"emittedAt":179\d{10},"part":\{"orderId":"o-[0-9a-f]{16}","amount":\d{1,3}\.\d\d,"currency":"[A-Z]{3}"\}\}$/,
      C: /^\{"stage":"C","customerId":"cust-[0-9a-f]{8}-\d+","seq":\d+,"emittedAt":179\d{10},"part":\{"carrier":"[a-z]{3}","tracking":"t-[0-9a-f]{16}","eta":179\d{10}\}\}$/,
    }

    for (const { text, value } of records(small)) assert.match(text, shapes[value.stage])
  })

  it('numbers a record by customer and stage, and gives it the time of its position', () => {
    for (const { value, timestamp } of records(small)) {
      const customer = Number(value.customerId.split('-')[2])
      assert.equal(value.seq, customer * 3 + ['A', 'B', 'C'].indexOf(value.stage))
      assert.equal(BigInt(value.emittedAt), timestamp)
    }
  })

  it('deals the records round-robin to the partitions, without keys', () => {
    const made = records(small)

    const counts = Array.from(
      { length: 12 },
      (_, partition) => made.filter((record) => record.partition === partition).length,
    )
    assert.deepEqual(
      counts,
      Array.from({ length: 12 }, () => 250),
    )
    assert.ok(made.every(({ key }) => key === null))
  })

  it('deals them to the partition of their customer, who is their key, where they are told to', () => {
    const made = records({ ...small, partitionOf: partitionForKey })

    assert.equal(made.length, customers * 3)
    for (const { key, partition, value } of made) {
      assert.equal(String(key), value.customerId)
      assert.equal(partition, partitionForKey(key!, small.partitions))
    }
  })

  it('shuffles over all records: the parts of a customer lie far apart', () => {
    const places = new Map<string, number[]>()
    // Sorted by emission, to a thousand records; the places within one are as good as any other.
    const ordered = records({ ...small, customers: 20_000 }).sort((a, b) => Number(a.timestamp - b.timestamp))
    ordered.forEach(({ value }, place) =>
      places.set(value.customerId, [...(places.get(value.customerId) ?? []), place]),
    )

    const spans = [...places.values()].map((of) => Math.max(...of) - Math.min(...of))
    const mean = spans.reduce((sum, span) => sum + span, 0) / spans.length
    // Three uniform places span half of the whole on average.
    assert.ok(Math.abs(mean / ordered.length - 0.5) < 0.02, `mean span ${mean} of ${ordered.length}`)
  })

  it('keeps batches within batchBytes and fills them', () => {
    const batches = [...experimentBatches({ ...small, customers: 20_000, batchBytes: 8_192 })]

    const full = batches.slice(0, -12)
    assert.ok(full.length > 100)
    for (const { bytes } of batches) assert.ok(bytes.length <= 8_192)
    for (const { bytes } of full) assert.ok(bytes.length > 8_192 - 1_024)
  })

  it('makes batches with the lengths, times and checksum that a broker demands', () => {
    for (const { bytes } of experimentBatches(small)) {
      const [batch] = readRecordsBatches(Reader.from(Buffer.from(bytes)))
      const { firstTimestamp, maxTimestamp, records: all } = batch!

      assert.equal(batch!.length, bytes.length - 12)
      assert.equal(batch!.crc, crc32c(bytes.subarray(21)))
      assert.equal(batch!.lastOffsetDelta, all.length - 1)
      assert.deepEqual(
        all.map(({ offsetDelta }) => offsetDelta),
        [...all.keys()],
      )
      assert.equal(maxTimestamp, firstTimestamp + all.at(-1)!.timestampDelta)
    }
  })

  it('has about 170 bytes a record, as the experiment is described', () => {
    const batches = [...experimentBatches({ customers: 20_000, seed: 1, partitions: 12 })]

    const sizeBytes = batches.reduce((sum, { bytes }) => sum + bytes.length, 0)
    assert.ok(Math.abs(sizeBytes / 60_000 - 165) < 5, `${sizeBytes / 60_000} bytes a record`)
  })

  it('never changes the source of a seed, so that measurements stay comparable', () => {
    const hash = createHash('sha256')
    for (const { bytes } of experimentBatches(small)) hash.update(bytes)

    assert.equal(hash.digest('hex'), '29f332fddd71aaf20ddc0990d77d65adca8564ef489af06167b20519331c5fe9')
  })
})

interface SourceValue {
  stage: 'A' | 'B' | 'C'
  customerId: string
  seq: number
  emittedAt: number
  part: Record<string, unknown>
}

/** All records of a source, decoded by another client's decoder. */
function records(options: Parameters<typeof experimentBatches>[0]) {
  return [...experimentBatches(options)].flatMap(({ partition, bytes, recordCount }) => {
    const [batch, ...more] = readRecordsBatches(Reader.from(Buffer.from(bytes)))
    assert.equal(more.length, 0)
    assert.equal(batch!.records.length, recordCount)
    return batch!.records.map(({ key, value, timestampDelta }) => {
      const text = value!.toString()
      const parsed: SourceValue = JSON.parse(text)
      return { partition, key, text, value: parsed, timestamp: batch!.firstTimestamp + timestampDelta }
    })
  })
}
