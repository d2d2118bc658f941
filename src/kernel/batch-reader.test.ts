import { crc32c } from '@node-rs/crc32'
import { createRecordsBatch } from '@platformatic/kafka'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { lz4Compress } from '@platformatic/wasm-utils'
import { BatchReader } from './batch-reader.ts'
import { RecordColumns } from './columns.ts'
import { columnsRowsMax } from './constants/columns.ts'
import {
  codecs,
  drained,
  encodeRecord,
  fetched,
  marker,
  readAll,
  recordBatch,
  sealedBatch,
  stamped,
  varint,
  type RecordSpec,
} from './fixtures/record-batch.ts'

const values = (...texts: string[]): RecordSpec[] => texts.map((value) => ({ value }))
const textsOf = (batches: Buffer[], spec?: Parameters<typeof readAll>[1]) =>
  readAll(batches, spec).map(({ value }) => value)

describe('BatchReader', () => {
  it('reads offset, timestamp and value of every record', () => {
    const first = recordBatch({
      baseOffset: 3,
      baseTimestamp: 1000,
      records: [
        { value: 'a', timestampDelta: 5 },
        { value: 'b', timestampDelta: -7 },
      ],
    })
    const second = recordBatch({ baseOffset: 5, baseTimestamp: 2000, records: values('c') })

    assert.deepEqual(readAll([first, second]), [
      { offset: 3, timestamp: 1005, value: 'a' },
      { offset: 4, timestamp: 993, value: 'b' },
      { offset: 5, timestamp: 2000, value: 'c' },
    ])
  })

  it('tells where each record lies, key and headers included', () => {
    const record = { key: 'the key', value: 'v'.repeat(200), headers: [['name', 'text']] } as const
    const encoded = encodeRecord(record)
    const reader = new BatchReader({ decompressedBytesMax: 1000 })
    const columns = new RecordColumns()
    reader.open(fetched([recordBatch({ records: [record] })], { partition: 9 }))

    reader.fill(columns)

    assert.equal(columns.partition, 9)
    const found = columns.bytes.subarray(columns.recordStart[0], columns.recordEnd[0])
    assert.deepEqual(Buffer.from(found), encoded.subarray(2))
  })

  it('tells null, empty and missing apart', () => {
    const records = [
      { key: null, value: null },
      { key: '', value: '' },
      { key: 'key', value: null, headers: [['h', 'x']] },
    ] as const

    assert.deepEqual(textsOf([recordBatch({ records })]), [null, '', null])
  })

  for (const codec of codecs) {
    it(`opens a batch with codec ${codec}`, () => {
      const records = Array.from({ length: 300 }, (_, i) => ({ value: `value ${i * i}`, timestampDelta: i }))
      const expected = records.map(({ value, timestampDelta }, i) => ({
        offset: 50 + i,
        timestamp: 10 + timestampDelta,
        value,
      }))
      const batch = recordBatch({ codec, baseOffset: 50, baseTimestamp: 10, records })

      assert.deepEqual(readAll([batch, batch.subarray(0, -1)]), expected)
    })
  }

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`reads what the client library writes with compression ${compression}`, () => {
      const timestamp = 1_790_000_000_000
      const messages = Array.from({ length: 100 }, (_, i) => ({
        topic: 't',
        key: Buffer.from(`key ${i}`),
        value: Buffer.from(`value ${i}`),
        headers: new Map([[Buffer.from('h'), Buffer.from('x')]]),
        timestamp: BigInt(timestamp + i),
      }))

      const read = readAll([createRecordsBatch(messages, { compression }).buffer])

      assert.deepEqual(
        read,
        messages.map(({ value }, i) => ({ offset: i, timestamp: timestamp + i, value: value.toString() })),
      )
    })
  }

  it('reads plain and compressed batches in one fetch, in order', () => {
    const batches = ['none', 'gzip', 'none', 'none', 'lz4', 'zstd', 'none'] as const
    const texts = batches.map((codec, i) => `${codec} ${i}`)

    assert.deepEqual(
      textsOf(batches.map((codec, i) => recordBatch({ codec, baseOffset: i, records: values(texts[i]!) }))),
      texts,
    )
  })

  it('reads a batch whose zstd data has several frames, one within a record', () => {
    const records = [encodeRecord({ value: 'first' }), encodeRecord({ value: 'second', offsetDelta: 1 })]
    const body = Buffer.concat(records)
    const frames = [body.subarray(0, 9), body.subarray(9)].map((part) => zstdCompressSync(part))
    const batch = sealedBatch(Buffer.concat(frames), { codec: 'zstd', records: [], lastOffsetDelta: 1, count: 2 })

    assert.deepEqual(textsOf([batch]), ['first', 'second'])
  })

  it('spreads a long batch over several fills', () => {
    for (const codec of ['none', 'zstd'] as const) {
      const records = Array.from({ length: 2 * columnsRowsMax + 1 }, (_, i) => ({ value: `${i}` }))
      const batches = [
        recordBatch({ codec, records }),
        recordBatch({ baseOffset: records.length, records: values('last') }),
      ]
      const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
      const columns = new RecordColumns()
      reader.open(fetched(batches))
      const counts: number[] = []
      while (reader.fill(columns)) counts.push(columns.count)

      assert.deepEqual(
        counts,
        codec === 'none' ? [columnsRowsMax, columnsRowsMax, 2] : [columnsRowsMax, columnsRowsMax, 1, 1],
      )
      assert.deepEqual(textsOf(batches), [...records.map(({ value }) => value), 'last'])
    }
  })

  it('fills columns from many small batches at once', () => {
    const batches = Array.from({ length: 100 }, (_, i) => recordBatch({ baseOffset: i, records: values(`${i}`) }))
    const reader = new BatchReader({ decompressedBytesMax: 1 })
    const columns = new RecordColumns()
    reader.open(fetched(batches))

    reader.fill(columns)

    assert.equal(columns.count, 100)
  })

  it('passes over records before the offset that was asked for', () => {
    const batch = recordBatch({ baseOffset: 10, records: values('10', '11', '12') })
    const before = recordBatch({ baseOffset: 5, records: values('5', '6') })

    assert.deepEqual(textsOf([before, batch], { fromOffset: 12 }), ['12'])
  })

  it('does not open what lies wholly before the offset', () => {
    const before = sealedBatch(Buffer.from('cannot be opened'), { codec: 'gzip', baseOffset: 5, records: [], count: 1 })

    assert.deepEqual(textsOf([before, recordBatch({ baseOffset: 6, records: values('a') })], { fromOffset: 6 }), ['a'])
  })

  it('keeps the offsets of records around gaps', () => {
    const batch = recordBatch({
      baseOffset: 100,
      lastOffsetDelta: 9,
      records: [
        { offsetDelta: 2, value: 'a' },
        { offsetDelta: 7, value: 'b' },
      ],
    })
    const reader = new BatchReader({ decompressedBytesMax: 1 })
    reader.open(fetched([batch]))

    assert.deepEqual(
      drained(reader).map(({ offset }) => offset),
      [102, 107],
    )
    assert.equal(reader.nextOffset, 110)
  })

  it('passes over a batch that compaction has emptied', () => {
    const empty = recordBatch({ baseOffset: 4, lastOffsetDelta: 3, records: [] })
    const reader = new BatchReader({ decompressedBytesMax: 1 })
    reader.open(fetched([empty], { fromOffset: 2 }))

    assert.equal(reader.fill(new RecordColumns()), false)
    assert.equal(reader.nextOffset, 8)
  })

  it('leaves an incomplete batch at the end for the next fetch', () => {
    const whole = recordBatch({ baseOffset: 0, records: values('a') })
    const cut = recordBatch({ baseOffset: 1, records: values('b') })
    for (let length = 0; length < cut.length; length++) {
      const reader = new BatchReader({ decompressedBytesMax: 1 })
      reader.open(fetched([whole, cut.subarray(0, length)]))

      assert.deepEqual(drained(reader), [{ offset: 0, timestamp: 0, value: 'a' }])
      assert.equal(reader.nextOffset, 1)
    }
  })

  it('forgets a partition when it begins the next, even in mid-batch', () => {
    const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
    const columns = new RecordColumns()
    const records = Array.from({ length: columnsRowsMax + 1 }, () => ({ value: '' }))
    const long = recordBatch({ isTransactional: true, producerId: 6n, records })
    const next = recordBatch({ isTransactional: true, producerId: 5n, baseOffset: 70, records: values('a') })
    reader.open(fetched([long], { aborted: [{ producerId: 5n, firstOffset: 0 }] }))
    reader.fill(columns)

    reader.open(fetched([next], { partition: 3, fromOffset: 70 }))

    assert.equal(reader.fill(columns), true)
    assert.deepEqual([columns.partition, columns.count, columns.offset[0]], [3, 1, 70])
    assert.equal(reader.fill(columns), false)
    assert.equal(reader.nextOffset, 71)
  })

  it('is exact for offsets beyond 2^32 and for distant timestamps', () => {
    const baseOffset = 2 ** 42 + 1
    const deltas = [2 ** 31, -(2 ** 31), 2 ** 40 + 1, -(2 ** 40) - 1, 127, 128, -64, -65, 2 ** 28, 2 ** 27 - 1, -1]
    const records = deltas.map((timestampDelta) => ({ timestampDelta, value: '' }))
    const baseTimestamp = 1_790_000_000_003

    assert.deepEqual(
      readAll([recordBatch({ baseOffset, baseTimestamp, records })], { fromOffset: baseOffset }),
      deltas.map((delta, i) => ({ offset: baseOffset + i, timestamp: baseTimestamp + delta, value: '' })),
    )
  })

  it('counts timestamps beyond what can be stored for the last one that can', () => {
    const timestamps = [2 ** 52 - 3, 2 ** 52, 1_790_000_000_000_000_000, -(2 ** 60)]
    const batches = timestamps.map((baseTimestamp, baseOffset) =>
      recordBatch({ baseOffset, baseTimestamp, records: values('a') }),
    )

    assert.deepEqual(
      readAll(batches).map(({ timestamp }) => timestamp),
      [2 ** 52 - 3, 2 ** 52 - 2, 2 ** 52 - 2, 2 - 2 ** 52],
    )
  })

  it('takes the time of appending where the topic says so', () => {
    const records = [
      { value: 'a', timestampDelta: 5 },
      { value: 'b', timestampDelta: 9 },
    ]
    const batch = recordBatch({ isLogAppendTime: true, baseTimestamp: 10, maxTimestamp: 77, records })
    const later = recordBatch({ baseOffset: 2, baseTimestamp: 10, maxTimestamp: 99, records: values('c') })

    assert.deepEqual(
      readAll([batch, later]).map(({ timestamp }) => timestamp),
      [77, 77, 10],
    )
  })

  it('reads the timestamp -1 of a record that has none', () => {
    assert.equal(readAll([recordBatch({ baseTimestamp: -1, records: values('a') })])[0]!.timestamp, -1)
    assert.equal(
      readAll([recordBatch({ baseTimestamp: 5, maxTimestamp: -1, isLogAppendTime: true, records: values('a') })])[0]!
        .timestamp,
      -1,
    )
  })
})

describe('BatchReader, transactions', () => {
  const data = (baseOffset: number, producerId: bigint, value: string) =>
    recordBatch({ baseOffset, producerId, isTransactional: true, records: values(value) })

  it('passes over control batches', () => {
    const reader = new BatchReader({ decompressedBytesMax: 1 })
    reader.open(fetched([data(0, 1n, 'a'), marker(1, 1n, 'commit')]))

    assert.deepEqual(
      drained(reader).map(({ value }) => value),
      ['a'],
    )
    assert.equal(reader.nextOffset, 2)
    assert.deepEqual(textsOf([recordBatch({ isControl: true, records: values('no transaction of its own') })]), [])
  })

  it('hides what interleaved producers have aborted, and nothing else', () => {
    const batches = [
      data(0, 1n, 'committed by 1'),
      data(1, 2n, 'aborted by 2'),
      recordBatch({ baseOffset: 2, producerId: 2n, records: values('not transactional') }),
      data(3, 1n, 'committed by 1'),
      data(4, 3n, 'aborted by 3'),
      marker(5, 1n, 'commit'),
      data(6, 1n, 'aborted by 1'),
      data(7, 2n, 'aborted by 2'),
      marker(8, 2n, 'abort'),
      data(9, 2n, 'committed by 2 later'),
      data(10, 3n, 'aborted by 3'),
      marker(11, 3n, 'abort'),
      marker(12, 1n, 'abort'),
      data(13, 2n, 'committed by 2 later'),
      marker(14, 2n, 'commit'),
      data(15, 2n, 'aborted by 2 again'),
      marker(16, 2n, 'abort'),
    ]
    const aborted = [
      { producerId: 2n, firstOffset: 15 },
      { producerId: 1n, firstOffset: 6 },
      { producerId: 3n, firstOffset: 4 },
      { producerId: 2n, firstOffset: 1 },
    ]

    const visible = readAll(batches, { aborted }).map(({ offset }) => offset)

    assert.deepEqual(visible, [0, 2, 3, 9, 13])
    assert.deepEqual(textsOf(batches).length, 11)
  })

  it('hides the rest of a transaction that was aborted when reading begins in its middle', () => {
    const batches = [
      data(5, 1n, 'aborted'),
      data(6, 2n, 'committed'),
      data(7, 1n, 'aborted'),
      marker(8, 1n, 'abort'),
      data(9, 1n, 'committed'),
    ]
    const aborted = [{ producerId: 1n, firstOffset: 2 }]

    assert.deepEqual(textsOf(batches, { fromOffset: 5, aborted }), ['committed', 'committed'])
    // Here the first batch lies before the offset, but the marker in it still ends its transaction.
    assert.deepEqual(textsOf(batches.slice(3), { fromOffset: 9, aborted }), ['committed'])
  })

  it('hides aborted batches that are compressed', () => {
    const records = values('aborted')
    const hidden = recordBatch({ baseOffset: 0, codec: 'gzip', producerId: 1n, isTransactional: true, records })

    assert.deepEqual(textsOf([hidden, data(1, 2n, 'seen')], { aborted: [{ producerId: 1n, firstOffset: 0 }] }), [
      'seen',
    ])
  })
})

describe('BatchReader, damaged batches', () => {
  const corrupt = (batches: Buffer[], message?: RegExp) =>
    assert.throws(() => readAll(batches, { partition: 4 }), {
      name: 'KafkaError',
      code: 'KAFKA_BATCH_CORRUPT',
      ...(message && { message }),
    })

  it('refuses a wrong checksum, whichever byte is wrong', () => {
    const batch = recordBatch({ records: values('some value') })
    for (let at = 17; at < batch.length; at++) {
      const damaged = Buffer.from(batch)
      damaged[at]! ^= 0x10

      corrupt([damaged], /its CRC is wrong/)
    }
  })

  it('says where the damage is', () => {
    const good = recordBatch({ baseOffset: 7, records: values('good') })
    const damaged = recordBatch({ baseOffset: 8, records: values('bad') })
    damaged[64]! ^= 1

    assert.throws(() => readAll([good, damaged], { partition: 4 }), {
      message: /source partition 4 near offset 8 /,
      details: { partition: 4, offset: 8 },
    })
  })

  it('refuses formats before 2 by name', () => {
    const batch = recordBatch({ magic: 1, records: values('old') })
    const shortMessage = Buffer.alloc(12 + 14)
    shortMessage.writeInt32BE(14, 8)
    for (const old of [batch, shortMessage]) {
      assert.throws(() => readAll([old]), { name: 'KafkaError', code: 'KAFKA_BATCH_UNSUPPORTED' })
    }
  })

  it('refuses lengths that no batch has, even with the checksum of so many bytes', () => {
    for (const length of [48, 9, 5, 0, -1, -12, -(2 ** 31)]) {
      const batch = recordBatch({ records: values('a') })
      batch.writeInt32BE(length, 8)
      batch.writeUInt32BE(crc32c(batch.subarray(21, Math.max(21, 12 + length))), 17)

      corrupt([batch], /fewer than its header has/)
    }
  })

  it('refuses offsets and counts that no batch has', () => {
    const records = values('a', 'b')
    corrupt([recordBatch({ records, count: -1 })])
    corrupt([recordBatch({ records, lastOffsetDelta: -1 })])
    corrupt([recordBatch({ records, baseOffset: -1 })])
    corrupt([recordBatch({ records, baseOffset: 2 ** 43 })])
  })

  it('refuses a batch that has more or fewer records than it says', () => {
    for (const codec of codecs) {
      const records = values('a', 'b', 'c')
      corrupt([recordBatch({ codec, records, count: 2 })], /bytes follow its last record/)
      corrupt([recordBatch({ codec, records, count: 4 })], /a record reaches over its end/)
    }
  })

  it('refuses records that contradict themselves, though the checksum is right', () => {
    const zero = Buffer.of(0)
    const malformed: Record<string, Buffer[]> = {
      'a negative length': [varint(-2), Buffer.alloc(8)],
      'a length over the end of the batch': [varint(100), Buffer.alloc(8)],
      'a length that never ends': [Buffer.alloc(20, 0xff)],
      'a key over the end of the record': [varint(8), zero, zero, zero, varint(5), Buffer.alloc(4)],
      'a key of a length below null': [varint(7), zero, zero, zero, varint(-2), varint(0), varint(0), zero],
      'a key that leaves no room for a value': [
        varint(6),
        zero,
        zero,
        zero,
        varint(2),
        Buffer.alloc(2),
        Buffer.of(1, 0),
      ],
      'a value over the end of the record': [varint(8), zero, zero, zero, varint(-1), varint(4), Buffer.alloc(3)],
      'a value of a length below null': [varint(7), zero, zero, zero, varint(-1), varint(-2), Buffer.alloc(2)],
      'a value that leaves no room for headers': [varint(8), zero, zero, zero, varint(-1), varint(3), Buffer.alloc(3)],
      'an offset before its batch': [varint(6), zero, zero, varint(-1), varint(-1), varint(-1), zero],
      'an offset after its batch': [varint(6), zero, zero, varint(1), varint(-1), varint(-1), zero],
    }
    const wellFormed = Buffer.concat([varint(6), zero, zero, zero, varint(-1), varint(-1), zero])
    const seal = (body: Buffer) => sealedBatch(body, { records: [], lastOffsetDelta: 0, count: 1 })

    assert.deepEqual(textsOf([seal(wellFormed)]), [null])
    for (const [what, pieces] of Object.entries(malformed)) {
      assert.throws(() => readAll([seal(Buffer.concat(pieces))]), { code: 'KAFKA_BATCH_CORRUPT' }, what)
    }
  })

  it('refuses compressed bytes that cannot be opened', () => {
    const garbage = Buffer.from('this is no compressed record batch at all')
    for (const codec of codecs.filter((name) => name !== 'none')) {
      const whole = recordBatch({ codec, records: values('a'.repeat(3000)) })
      const cut = stamped(Buffer.from(whole.subarray(0, 70)))
      cut.writeInt32BE(cut.length - 12, 8)
      for (const batch of [
        stamped(cut),
        sealedBatch(garbage, { codec, records: [], count: 1 }),
        sealedBatch(Buffer.alloc(0), { codec, records: [], count: 1 }),
      ]) {
        assert.throws(
          () => readAll([batch], { partition: 4 }),
          { name: 'KafkaError', code: 'KAFKA_BATCH_CORRUPT' },
          codec,
        )
      }
    }
  })

  it('refuses codecs that do not exist', () => {
    const batch = recordBatch({ codec: 'gzip', baseOffset: 6, records: values('a') })
    batch.writeInt16BE(7, 21)

    assert.throws(() => readAll([stamped(batch)], { partition: 4 }), {
      code: 'KAFKA_BATCH_CORRUPT',
      message: /offset 6 of source partition 4/,
      details: { partition: 4, offset: 6, codec: 7 },
    })
  })
})

describe('BatchReader, limit of decompression', () => {
  const bombBytes = 256 << 20
  const zeros = Buffer.alloc(bombBytes)
  // The codec in WebAssembly keeps the memory it once had, so its bombs are not made by it.
  const bombs = {
    gzip: () => gzipSync(zeros, { level: 1 }),
    snappy: () => Buffer.of(0x80, 0x80, 0x80, 0x80, 0x01, 0, 0),
    lz4: () => {
      const frame = lz4Compress(zeros.subarray(0, 1 << 16))
      const blocks = Array.from({ length: bombBytes / 2 ** 16 }, () => frame.subarray(7, -4))
      return Buffer.concat([frame.subarray(0, 7), ...blocks, frame.subarray(-4)])
    },
    zstd: () => zstdCompressSync(zeros),
  }

  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`refuses a bomb of ${codec} without taking its memory`, () => {
      const batch = sealedBatch(bombs[codec](), { codec, baseOffset: 3, records: [], count: 1 })
      const before = process.memoryUsage().rss

      assert.throws(() => readAll([batch], { decompressedBytesMax: 100_000 }), {
        name: 'KafkaError',
        code: 'KAFKA_BATCH_TOO_LARGE',
        details: { partition: 0, offset: 3, decompressedBytesMax: 100_000 },
      })
      const taken = process.memoryUsage().rss - before
      assert.ok(taken < bombBytes / 8, `${taken} bytes more`)
    })
  }

  for (const codec of codecs.filter((name) => name !== 'none')) {
    it(`opens a batch of ${codec} of exactly the limit, and none that is a byte longer`, () => {
      const record = { value: 'x'.repeat(5000) }
      const size = encodeRecord(record).length
      const batch = recordBatch({ codec, records: [record] })

      assert.equal(readAll([batch], { decompressedBytesMax: size }).length, 1)
      assert.throws(() => readAll([batch], { decompressedBytesMax: size - 1 }), { code: 'KAFKA_BATCH_TOO_LARGE' })
    })
  }
})
