import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32c } from '@node-rs/crc32'
import { createRecordsBatch, Reader, readRecordsBatches } from '@platformatic/kafka'
import { experimentBatches } from './generator.ts'
import { createVerifier } from './verifier.ts'

const experiment = { customers: 300, seed: 7 }
const merged = mergeByHand()

describe('createVerifier', () => {
  it('accepts one merged record for each customer, in any order', () => {
    assert.deepEqual(verify(merged.toReversed()), { distinct: 300, missing: 0, duplicates: 0, mismatched: 0 })
  })

  it('finds everything missing where nothing is', () => {
    assert.deepEqual(verify([]), { distinct: 0, missing: 300, duplicates: 0, mismatched: 0 })
  })

  it('fails on one missing record', () => {
    assert.deepEqual(verify(merged.toSpliced(123, 1)), { distinct: 299, missing: 1, duplicates: 0, mismatched: 0 })
  })

  it('fails on one duplicated record', () => {
    assert.deepEqual(verify([...merged, merged[123]!]), { distinct: 300, missing: 0, duplicates: 1, mismatched: 0 })
  })

  it('fails on one altered byte, wherever it is in the value', () => {
    const [record, ...others] = merged

    for (let at = 0; at < record!.value.length; at++) {
      const value = Buffer.from(record!.value)
      value[at]! ^= 1
      const result = verify([{ ...record!, value }, ...others])
      assert.deepEqual(result, { distinct: 300, missing: 0, duplicates: 0, mismatched: 1 }, `byte ${at}`)
    }
  })

  it('fails on a value with a byte too few or too many', () => {
    const [record, ...others] = merged
    const short = { ...record!, value: record!.value.subarray(0, -1) }
    const long = { ...record!, value: Buffer.concat([record!.value, Buffer.from(' ')]) }

    assert.equal(verify([short, ...others]).mismatched, 1)
    assert.equal(verify([long, ...others]).mismatched, 1)
  })

  it('fails on one altered byte, wherever it is in the key', () => {
    const [record, ...others] = merged

    for (let at = 0; at < record!.key.length; at++) {
      const key = Buffer.from(record!.key)
      key[at]! ^= 1
      const { missing, mismatched } = verify([{ ...record!, key }, ...others])
      assert.deepEqual({ missing, mismatched }, { missing: 1, mismatched: 1 }, `byte ${at}`)
    }
  })

  it('fails on a record without key, without value, or of a customer beyond the last', () => {
    const [record] = merged
    const beyond = { ...record!, key: Buffer.from('cust-00000000-300') }

    assert.equal(verify([...merged, { value: record!.value }]).mismatched, 1)
    assert.equal(verify([...merged.slice(1), { key: record!.key, value: Buffer.alloc(0) }]).mismatched, 1)
    assert.equal(verify([...merged, beyond]).mismatched, 1)
  })

  it('fails on the result of another seed', () => {
    const verifier = createVerifier({ ...experiment, seed: 8 })
    verifier.batches(batch(merged))

    assert.deepEqual(verifier.result(), { distinct: 0, missing: 300, duplicates: 0, mismatched: 300 })
  })

  it('takes batches one by one or together, and leaves a batch that is cut off', () => {
    const [first, second] = [batch(merged.slice(0, 100)), batch(merged.slice(100))]
    const together = createVerifier(experiment)
    const cutOff = createVerifier(experiment)

    together.batches(Buffer.concat([first, second]))
    cutOff.batches(Buffer.concat([first, second.subarray(0, -1)]))

    assert.equal(together.result().distinct, 300)
    assert.equal(cutOff.result().distinct, 100)
  })

  it('counts no record in a control batch', () => {
    const control = stamp(batch(merged), { attributes: 0b100000 })
    const verifier = createVerifier(experiment)

    verifier.batches(control)

    assert.equal(verifier.result().distinct, 0)
  })
})

describe('createVerifier on batches it cannot read', () => {
  it('refuses a damaged batch', () => {
    const damaged = batch(merged)
    damaged[200]! ^= 1

    assertRefused(damaged, /its checksum is wrong/)
  })

  it('refuses a compressed batch', () => {
    assertRefused(createRecordsBatch(toMessages(merged), { compression: 'gzip' }).buffer, /it is compressed/)
  })

  it('refuses a batch of an older format', () => {
    const old = batch(merged)
    old[16] = 1

    assertRefused(old, /its format is 1/)
  })

  it('refuses a batch whose length is less than a header', () => {
    const short = batch(merged)
    short.writeInt32BE(1, 8)

    assertRefused(short, /it is shorter than its header/)
  })

  it('refuses a batch that says it holds more records than it does', () => {
    assertRefused(stamp(batch(merged), { recordCount: 301 }), /a record is longer than its batch/)
  })

  function assertRefused(bytes: Buffer, message: RegExp): void {
    const verifier = createVerifier(experiment)
    assert.throws(() => verifier.batches(bytes), { code: 'EXPERIMENT_BATCH_INVALID', message })
  }
})

interface MergedRecord {
  key?: Buffer
  value: Buffer
}

function verify(records: readonly MergedRecord[]) {
  const verifier = createVerifier(experiment)
  if (records.length > 0) verifier.batches(batch(records))
  return verifier.result()
}

/** One batch of another client's making. */
function batch(records: readonly MergedRecord[]): Buffer {
  return Buffer.from(createRecordsBatch(toMessages(records)).buffer)
}

function toMessages(records: readonly MergedRecord[]) {
  return records.map((record) => ({ topic: 'sink-topic', ...record }))
}

/** The same batch with another header and the checksum that goes with it. */
function stamp(bytes: Buffer, { attributes, recordCount }: { attributes?: number; recordCount?: number }): Buffer {
  const stamped = Buffer.from(bytes)
  if (attributes !== undefined) stamped.writeInt16BE(attributes, 21)
  if (recordCount !== undefined) stamped.writeInt32BE(recordCount, 57)
  stamped.writeUInt32BE(crc32c(stamped.subarray(21)), 17)
  return stamped
}

/** The expected result by the plainest means: the values as text, the parts cut out of them. */
function mergeByHand(): Required<MergedRecord>[] {
  const parts = new Map<string, Record<string, string>>()
  for (const { bytes } of experimentBatches({ ...experiment, partitions: 3 })) {
    for (const { value } of readRecordsBatches(Reader.from(Buffer.from(bytes)))[0]!.records) {
      const [, stage, customerId, part] = /"stage":"(.)","customerId":"(.+?)".*"part":(.*)}$/.exec(value!.toString())!
      parts.set(customerId!, { ...parts.get(customerId!), [stage!]: part! })
    }
  }
  return [...parts].map(([customerId, { A, B, C }]) => ({
    key: Buffer.from(customerId),
    value: Buffer.from(`{"customerId":"${customerId}","A":${A},"B":${B},"C":${C}}`),
  }))
}
