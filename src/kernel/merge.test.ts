import { murmur2, Reader } from '@platformatic/kafka'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noCounts } from './table-counts.ts'
import { Outputs } from './fixtures/outputs.ts'
import { type KeySpec, type RowSpec, rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import { PendingTable } from './pending-table.ts'

interface MergeSpec {
  keyName?: string
  sides?: readonly string[]
  recordBytesMax?: number
  batchBytes?: number
  /** What the sink takes. */
  times?: readonly [earliestMs: number, latestMs: number]
}

const sourcePartition = 5

/** Puts the rows through a table and returns what is published, and which rows became dead letters. */
function merge(rows: readonly Partial<RowSpec>[], spec: MergeSpec = {}) {
  const { keyName = 'id', sides = ['A', 'B', 'C'], recordBytesMax = 10_000, batchBytes = 1000, times } = spec
  const refused: [offset: number, reason: number][] = []
  const outputs = new Outputs({ partitionCount: 12, batchBytes })
  const table = new PendingTable({
    sideCount: sides.length,
    bytesMax: 2 ** 30,
    hashSeed: [1, 2],
    duplicateReason: 11,
    tooLargeReason: 15,
    refusedTimeReason: 22,
  })
  table.publishTo({
    out: outputs.builder,
    refuse: ({ offset }, reason) => refused.push([offset, reason]),
    expire: () => undefined,
    keyName: encodeJsonString(keyName),
    sideNames: sides.map(encodeJsonString),
    recordBytesMax,
  })
  if (times !== undefined) table.takeTimes(...times)
  const columns = rowsOf(
    sourcePartition,
    rows.map((row, i) => ({
      side: i,
      key: { canonical: 'k' },
      part: Buffer.from(`{"n":${i}}`),
      offset: i,
      timestamp: 0,
      ...row,
    })),
  )
  const counts = noCounts(sourcePartition + 1)
  table.apply(columns, counts)
  table.flush()
  return {
    records: outputs.take(),
    reasons: Array.from(columns.reason.subarray(0, rows.length)),
    refused,
    batches: outputs.batches,
  }
}

const valueOf = (rows: readonly Partial<RowSpec>[], spec?: MergeSpec) => merge(rows, spec).records[0]!.value!.toString()

const permutations = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
]

describe('a merged record', () => {
  it('writes key and parts in declared order, whatever the order of arrival', () => {
    const rows = [0, 1, 2].map((side) => ({ side, part: Buffer.from(`"part ${side}"`) }))

    for (const order of permutations) {
      assert.equal(valueOf(order.map((side) => rows[side]!)), '{"id":"k","A":"part 0","B":"part 1","C":"part 2"}')
    }
  })

  it('writes parts byte for byte, of any length and wherever they lie', () => {
    const texts = ['', '1', '1.0', '-0e5', '9007199254740993', '"\\u00e9é"', '{ "a" : [ ] }', 'x'.repeat(5000)]
    for (const isMade of [false, true]) {
      for (const [i, text] of texts.entries()) {
        const parts = [text, texts[(i + 1) % texts.length]!, texts[(i + 3) % texts.length]!]
        const rows = parts.map((part) => ({ part: Buffer.from(part), isMade }))

        assert.equal(valueOf(rows), `{"id":"k","A":${parts[0]},"B":${parts[1]},"C":${parts[2]}}`)
      }
    }
  })

  it('spells the key as the first declared side did, and gives the record the canonical key', () => {
    const spellings: [KeySpec, string][] = [
      [{ canonical: 'ab' }, '"ab"'],
      [{ canonical: 'ab', spelling: '"\\u0061b"' }, '"\\u0061b"'],
      [{ canonical: 'ab', spelling: '"a\\u0062"' }, '"a\\u0062"'],
    ]
    for (const order of permutations) {
      for (let shift = 0; shift < 3; shift++) {
        const of = (side: number) => spellings[(side + shift) % 3]!
        const [record] = merge(order.map((side) => ({ side, key: of(side)[0], part: Buffer.from('0') }))).records

        assert.equal(record!.value!.toString(), `{"id":${of(0)[1]},"A":0,"B":0,"C":0}`)
        assert.equal(record!.key!.toString(), 'ab')
      }
    }
  })

  it('writes a number for a number', () => {
    const key = { canonical: '1', isNumber: true }
    const part = Buffer.from('0')

    assert.equal(valueOf([0, 1, 2].map((side) => ({ side, key, part }))), '{"id":1,"A":0,"B":0,"C":0}')
    assert.equal(
      valueOf([2, 1, 0].map((side) => ({ side, key: { ...key, spelling: `1.${'0'.repeat(side + 1)}` }, part }))),
      '{"id":1.0,"A":0,"B":0,"C":0}',
    )
  })

  it('writes names as JSON strings', () => {
    assert.equal(
      valueOf([{ part: Buffer.from('1') }, { part: Buffer.from('2') }], { keyName: 'a"é', sides: ['__proto__', '\n'] }),
      '{"a\\"é":"k","__proto__":1,"\\n":2}',
    )
  })

  it('takes the greatest timestamp of the parts', () => {
    const inMicroseconds = [1_790_000_000_000_001, -1, 1_790_000_000_000_000]
    for (const times of [[1_790_000_000_001, -1, 1_790_000_000_000], inMicroseconds]) {
      for (const order of permutations) {
        const { records } = merge(order.map((side) => ({ side, timestamp: times[side]! })))

        assert.equal(records[0]!.timestamp, times[0])
      }
    }
    assert.equal(merge([0, 1, 2].map((side) => ({ side, timestamp: -1 }))).records[0]!.timestamp, -1)
  })

  it("chooses the partition of Java's default partitioner by the canonical key", () => {
    for (let i = 0; i < 50; i++) {
      const canonical = `cust-${i}`
      const spelling = `"\\u0063ust-${i}"`
      const { records } = merge([0, 1, 2].map((side) => ({ side, key: { canonical, spelling } })))

      assert.equal(records[0]!.partition, (murmur2(Buffer.from(canonical)) & 0x7fffffff) % 12)
    }
  })

  it('says in one header where the parts came from, in declared order, whatever the order of arrival', () => {
    const offsets = [2 ** 43 - 1, 0, 63]
    for (const order of permutations) {
      const { records } = merge(order.map((side) => ({ side, offset: offsets[side]! })))
      const [[name, value], ...others] = records[0]!.headers as [[string, Buffer]]

      assert.deepEqual([name, others], ['millrace.origins', []])
      const reader = Reader.from(value)
      assert.deepEqual(
        [0, 1, 2].map(() => [reader.readUnsignedVarInt64(), reader.readUnsignedVarInt64()]),
        // Zigzag: what is not negative is doubled.
        offsets.map((offset) => [2n * BigInt(sourcePartition), 2n * BigInt(offset)]),
      )
      assert.equal(reader.remaining, 0)
    }
  })

  it('writes a record that is larger than a batch', () => {
    const text = `"${'x'.repeat(3000)}"`

    assert.equal(
      valueOf(
        [0, 1, 2].map((side) => ({ side, part: Buffer.from(text) })),
        { batchBytes: 500 },
      ),
      `{"id":"k","A":${text},"B":${text},"C":${text}}`,
    )
  })

  it('refuses a record that is larger than the sink takes, and none that just fits', () => {
    const rows = [0, 1, 2].map((side) => ({ side, part: Buffer.from('123') }))
    const headerLength = 1 + 1 + 'millrace.origins'.length + 1 + 2 * rows.length
    const size = 'k'.length + '{"id":"k","A":123,"B":123,"C":123}'.length + headerLength

    assert.equal(merge(rows, { recordBytesMax: size }).records.length, 1)
    const refused = merge(rows, { recordBytesMax: size - 1 })
    assert.deepEqual([refused.records.length, refused.reasons], [0, [0, 0, 15]])
  })

  it('refuses a record whose timestamp the sink does not take, but none without a timestamp', () => {
    const at = (timestamps: readonly number[], times: readonly [number, number]) => {
      const { records, reasons, refused } = merge(
        timestamps.map((timestamp) => ({ timestamp })),
        { times },
      )
      return [records.length, reasons, refused.toSorted(([a], [b]) => a - b)]
    }
    const refused = [
      [0, 22],
      [1, 22],
    ]

    assert.deepEqual(at([1, 5, 10], [10, 10]), [1, [0, 0, 0], []])
    assert.deepEqual(at([1, 5, 9], [10, 20]), [0, [0, 0, 22], refused])
    assert.deepEqual(at([10, 21, 15], [10, 20]), [0, [0, 0, 22], refused])
    assert.deepEqual(at([-1, -1, -1], [10, 20]), [1, [0, 0, 0], []])
    assert.deepEqual(at([-1, -2, -2], [-Infinity, Infinity]), [1, [0, 0, 0], []])
  })
})
