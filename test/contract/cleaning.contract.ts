import { endTxn, fetch, initProducerId, listOffsets } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { systemClock } from '../../src/core/clock.ts'
import { type FetchedBatch, gzip, type HandMadeRecord, parseBatches, recordBatch } from './batches.ts'
import { fetchFrom, newProducerId, produceTo, readAll } from './exchange.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'

interface TopicNames {
  readonly name: string
  readonly id: string
}

const dayMs = 86_400_000
/** What is waited for may never come. */
const patienceMs = 60_000
/** So many that Kafka has had the time for a pass. */
const readsPerPass = 50

/** Every batch is a segment of its own, as its records are seconds apart; Kafka touches all but the last segment. */
const compacted = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.001' }

export function cleaningContract(target: Target): void {
  const valuesOf = (batches: FetchedBatch[]) => batches.flatMap(({ values }) => values)
  /** Cleans until what is read passes. */
  const readUntil = async (
    client: WireClient,
    topic: TopicNames,
    passes: (batches: FetchedBatch[]) => boolean,
    isCommitted = false,
  ) => {
    for (;;) {
      await target.cleanLogs(topic.name)
      const { batches } = await readAll(client, topic, { isCommitted })
      if (passes(batches)) return batches
    }
  }

  describe('compaction', { timeout: patienceMs }, () => {
    /** Sends batches whose records are a second apart, the oldest an hour ago. */
    const startWriter = (client: WireClient, topic: TopicNames) => {
      let timestamp = systemClock.nowMs() - 3_600_000
      return async (records: Omit<HandMadeRecord, 'timestamp'>[], options: Parameters<typeof recordBatch>[1] = {}) => {
        timestamp += 1000
        const stamped = records.map((record) => ({ ...record, timestamp }))
        return produceTo(client, topic, recordBatch(stamped, options))
      }
    }
    const end = { key: 'end', value: 'end' }

    it('keeps the newest record of each key where it stands', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: compacted })
      const write = startWriter(client, topic)
      await write([
        { key: 'a', value: '0' },
        { key: 'b', value: '1' },
      ])
      await write([{ key: 'a', value: '2' }])
      await write([
        { key: 'c', value: '3' },
        { key: 'a', value: '4' },
        { key: 'c', value: '5' },
      ])
      await write([end])

      const batches = await readUntil(client, topic, (read) => valuesOf(read).length === 4)

      assert.deepEqual(
        batches.map(({ baseOffset, endOffset, values }) => [baseOffset, endOffset, values]),
        [
          [0, 2, ['1']],
          [3, 6, ['4', '5']],
          [6, 7, ['end']],
        ],
      )
      const { records, logStartOffset } = await fetchFrom(client, topic, { offset: 2 })
      assert.equal(parseBatches(records)[0]!.baseOffset, 3)
      assert.equal(logStartOffset, 0)
    })

    it('wants keys', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: compacted })

      const refused = await produceTo(client, topic, recordBatch([{ key: 'a', value: '0' }, { value: '1' }]))
      const empty = await produceTo(client, topic, recordBatch([{ key: '', value: '0' }]))

      assert.deepEqual([refused.errorCode, empty.errorCode], [87, 0])
    })

    it('leaves the end of the log as it is', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: compacted })
      const write = startWriter(client, topic)
      await write([{ key: 'a', value: '0' }])
      await write([{ key: 'a', value: '1' }])
      await write([
        { key: 'a', value: '2' },
        { key: 'a', value: '3' },
      ])

      const batches = await readUntil(client, topic, (read) => valuesOf(read).length < 4)

      assert.deepEqual(valuesOf(batches), ['1', '2', '3'])
    })

    it('opens compressed batches', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: compacted })
      const write = startWriter(client, topic)
      await write(
        [
          { key: 'a', value: '0' },
          { key: 'b', value: '1' },
        ],
        { compression: gzip },
      )
      await write([{ key: 'a', value: '2' }])
      await write([end])

      const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp: 0 }] }]
      const first = await client.call(listOffsets, 7, { replicaId: -1, topics })
      for (;;) {
        await target.cleanLogs(topic.name)
        const moved = await client.call(listOffsets, 7, { replicaId: -1, topics })
        const { offset } = moved.topics[0]!.partitions[0]!
        if (offset === 1) break
        assert.equal(offset, first.topics[0]!.partitions[0]!.offset)
      }
    })

    it('lets tombstones delete their key, and then go themselves', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { ...compacted, 'delete.retention.ms': '0' } })
      const write = startWriter(client, topic)
      await write([{ key: 'a', value: '0' }])
      await write([
        { key: 'a', value: null },
        { key: 'b', value: 'b' },
      ])
      await write([end])

      await readUntil(client, topic, (read) => read[0]!.baseOffset === 1)
      // Kafka goes over a log again when there is more of it.
      await write([end])
      const batches = await readUntil(client, topic, (read) => !valuesOf(read).includes(''))

      assert.deepEqual(valuesOf(batches), ['b', 'end', 'end'])
    })

    it('keeps tombstones for delete.retention.ms', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: compacted })
      const write = startWriter(client, topic)
      await write([{ key: 'a', value: '0' }])
      await write([{ key: 'a', value: null }])
      await write([{ key: 'b', value: '0' }])
      await write([{ key: 'b', value: '1' }])
      await write([end])

      const batches = await readUntil(client, topic, (read) => valuesOf(read).length === 3)
      await write([{ key: 'b', value: '2' }])
      await write([end])
      const again = await readUntil(client, topic, (read) => !valuesOf(read).includes('1'))

      assert.deepEqual(valuesOf(batches), ['', '1', 'end'])
      assert.deepEqual(valuesOf(again), ['', 'end', '2', 'end'])
    })

    it('leaves the header of the batch that a producer has sent last, with its sequence', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: compacted })
      const write = startWriter(client, topic)
      const producer = await newProducerId(client)
      const batch = [
        { key: 'a', value: 'first' },
        { key: 'b', value: 'first' },
      ]
      await write(batch, { ...producer, baseSequence: 0 })
      await write(batch, { ...producer, baseSequence: 2 })
      await write([{ key: 'a', value: '4' }])
      await write([{ key: 'b', value: '5' }])
      await write([end])

      const batches = await readUntil(client, topic, (read) => !valuesOf(read).includes('first'))

      const [header] = batches
      assert.deepEqual([header!.baseOffset, header!.endOffset, header!.values], [2, 4, []])
      assert.deepEqual(
        [header!.producerId, header!.producerEpoch, header!.baseSequence],
        [producer.producerId, producer.producerEpoch, 2],
      )
      assert.deepEqual([header!.attributes, header!.baseTimestamp], [0, -1])
      assert.ok(header!.maxTimestamp > 0)
      const next = { ...producer, baseSequence: 4 }
      assert.equal((await write([{ key: 'c', value: 'next' }], next)).errorCode, 0)
      await write([end])
      const moved = await readUntil(client, topic, (read) => read[0]!.baseOffset !== 2)
      assert.equal(moved[0]!.baseOffset, 4)
    })

    it('writes into a batch with tombstones when they may leave, and leaves the times of its records as they are', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: compacted })
      const write = startWriter(client, topic)
      const fromMs = systemClock.nowMs()
      await write([{ key: 'a', value: '0' }])
      await write([
        { key: 'a', value: null },
        { key: 'b', value: '1' },
      ])
      await write([end])
      const { batches: before } = await readAll(client, topic)

      const batches = await readUntil(client, topic, (read) => read.some(({ attributes }) => attributes === 0x40))

      const deleting = batches.find(({ attributes }) => attributes === 0x40)
      assert.deepEqual([deleting!.baseOffset, deleting!.attributes, deleting!.values], [1, 0x40, ['', '1']])
      assert.ok(deleting!.baseTimestamp >= fromMs + dayMs && deleting!.baseTimestamp <= systemClock.nowMs() + dayMs)
      assert.deepEqual(deleting!.timestamps, before[1]!.timestamps)
      assert.equal(deleting!.maxTimestamp, before[1]!.maxTimestamp)
    })

    it('keeps the codec of a batch that loses records', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: compacted })
      const write = startWriter(client, topic)
      const records = [
        { key: 'a', value: '0' },
        { key: 'b', value: 'x'.repeat(1_000) },
      ]
      await write(records, { compression: gzip })
      await write([{ key: 'a', value: '2' }])
      await write([end])
      const recordsOf = async () => (await fetchFrom(client, topic)).records!
      let batch = await recordsOf()
      for (; batch.readInt32BE(57) > 1; batch = await recordsOf()) await target.cleanLogs(topic.name)

      assert.equal(batch.readInt16BE(21), gzip.codec)
      const body = gunzipSync(batch.subarray(61, 12 + batch.readInt32BE(8)))
      assert.ok(body.includes('x'.repeat(1_000)))
    })

    it('lets the marker of a transaction go of which nothing is left, in three passes', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { ...compacted, 'delete.retention.ms': '0' } })
      const transactionalId = topic.name
      const begun = await client.call(initProducerId, 5, { transactionalId, transactionTimeoutMs: 60_000 })
      let { producerId, producerEpoch } = begun
      // The second transaction is the last of its producer, so the first one is what can go.
      for (const value of ['first', 'second']) {
        const record = { key: 'a', value, timestamp: systemClock.nowMs() - 1_000_000 }
        const batch = recordBatch([record], { producerId, producerEpoch, baseSequence: 0, isTransactional: true })
        for (;;) {
          const { errorCode } = await produceTo(client, topic, batch, { version: 12, transactionalId })
          if (errorCode === 0) break
          assert.equal(errorCode, 51)
        }
        const ended = await client.call(endTxn, 5, { transactionalId, producerId, producerEpoch, committed: true })
        assert.equal(ended.errorCode, 0)
        ;({ producerId, producerEpoch } = ended)
      }
      let timestamp = systemClock.nowMs()
      const writeLater = async (value: string) => {
        timestamp += 1_000
        assert.equal((await produceTo(client, topic, recordBatch([{ key: 'end', value, timestamp }]))).errorCode, 0)
      }
      /** Writes what makes Kafka go over the log again, and reads until that shows. */
      const nextPass = async (passes: (first: FetchedBatch) => boolean) => {
        for (;;) {
          await writeLater('superseded')
          await writeLater('last')
          for (let reads = 0; reads < readsPerPass; reads++) {
            await target.cleanLogs(topic.name)
            const { batches } = await readAll(client, topic)
            if (passes(batches[0]!)) return batches[0]!
          }
        }
      }
      const emptyTransaction = await nextPass(({ isControl }) => isControl)
      const horizon = await nextPass(({ attributes, baseOffset }) => attributes === 0x70 || baseOffset > 1)
      const after = await nextPass(({ baseOffset }) => baseOffset > 1)

      assert.deepEqual([emptyTransaction.baseOffset, emptyTransaction.attributes & 0x30], [1, 0x30])
      assert.ok(horizon.baseOffset > 1 || horizon.attributes === 0x70)
      assert.ok(after.baseOffset > 1)
    })

    it('drops what was aborted, and shows readers of either kind what was committed', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { ...compacted, 'delete.retention.ms': '0' } })
      const write = startWriter(client, topic)
      const transactionalId = topic.name
      const begun = await client.call(initProducerId, 5, { transactionalId, transactionTimeoutMs: 60_000 })
      let { producerId, producerEpoch } = begun
      const transact = async (records: Omit<HandMadeRecord, 'timestamp'>[], isCommit: boolean) => {
        const batch = recordBatch(
          records.map((record) => ({ ...record, timestamp: systemClock.nowMs() })),
          { producerId, producerEpoch, baseSequence: 0, isTransactional: true },
        )
        for (;;) {
          const { errorCode } = await produceTo(client, topic, batch, { version: 12, transactionalId })
          if (errorCode === 0) break
          assert.equal(errorCode, 51)
        }
        const request = { transactionalId, producerId, producerEpoch, committed: isCommit }
        const ended = await client.call(endTxn, 5, request)
        assert.equal(ended.errorCode, 0)
        ;({ producerId, producerEpoch } = ended)
      }
      await write([{ key: 'a', value: 'before' }])
      await transact([{ key: 'a', value: 'aborted' }], false)
      await transact([{ key: 'b', value: 'committed' }], true)
      await transact([{ key: 'c', value: 'aborted too' }], false)
      const last = { key: 'd', value: 'last', timestamp: systemClock.nowMs() + 1000 }
      await produceTo(client, topic, recordBatch([last]))
      await produceTo(client, topic, recordBatch([{ ...last, timestamp: last.timestamp + 1000 }]))

      const isGone = (read: FetchedBatch[]) => !valuesOf(read).some((value) => value.startsWith('aborted'))
      const batches = await readUntil(client, topic, isGone)

      assert.deepEqual(valuesOf(batches).slice(0, 2), ['before', 'committed'])
      const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }]
      const asked = { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, isolationLevel: 1 }
      const { responses } = await client.call(fetch, 12, { ...asked, topics: [{ topic: topic.name, partitions }] })
      const { abortedTransactions } = responses[0]!.partitions[0]!
      // Whoever is told of an abort finds its marker, else he would drop what the producer wrote next.
      const aborts = batches.filter(({ isControl, isCommit }) => isControl && !isCommit)
      for (const { firstOffset } of abortedTransactions!) {
        assert.ok(aborts.some(({ baseOffset }) => baseOffset > firstOffset))
      }
    })
  })

  describe('retention', { timeout: patienceMs }, () => {
    const ago = (ms: number, value = 'old') => recordBatch([{ value, timestamp: systemClock.nowMs() - ms }])

    it('deletes what is too old, and moves the start of the log', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'retention.ms': String(dayMs), 'segment.ms': '1000' } })
      await produceTo(client, topic, ago(3 * dayMs))
      await produceTo(client, topic, ago(2 * dayMs))
      await produceTo(client, topic, ago(0, 'young'))

      await startBecomes(client, topic, 2)

      assert.equal((await fetchFrom(client, topic, { offset: 0 })).errorCode, 1)
      const { errorCode, logStartOffset, records } = await fetchFrom(client, topic, { offset: 2 })
      assert.deepEqual([errorCode, logStartOffset, parseBatches(records)[0]!.values], [0, 2, ['young']])
      assert.equal((await produceTo(client, topic, ago(0, 'next'))).baseOffset, 3)
    })

    it('deletes everything when all of it is too old', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'retention.ms': String(dayMs) } })
      await produceTo(client, topic, ago(2 * dayMs))

      await startBecomes(client, topic, 1)

      assert.equal((await produceTo(client, topic, ago(0))).baseOffset, 1)
    })

    it('deletes what is too much', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'retention.bytes': '2500000', 'segment.bytes': '1048576' } })
      const batch = recordBatch(['x'.repeat(1_000_000)].map((value) => ({ value, timestamp: systemClock.nowMs() })))
      for (let i = 0; i < 5; i++) await produceTo(client, topic, batch)

      await startBecomes(client, topic, 2)

      assert.equal(valuesOf((await readAll(client, topic, { offset: 2 })).batches).length, 3)
    })

    it('keeps any age and size where it is told to', async () => {
      await using client = await target.connect()
      const kept = await target.createTopic({ config: { 'retention.ms': '-1', 'segment.ms': '1000' } })
      const compactedOnly = await target.createTopic({ config: { 'cleanup.policy': 'compact' } })
      const deleted = await target.createTopic({ config: { 'retention.ms': '1000' } })
      await produceTo(client, kept, ago(9 * dayMs))
      const old = { key: 'a', value: 'old', timestamp: systemClock.nowMs() - 9 * dayMs }
      await produceTo(client, compactedOnly, recordBatch([old]))
      await produceTo(client, deleted, ago(9 * dayMs))

      await startBecomes(client, deleted, 1)

      for (const topic of [kept, compactedOnly]) {
        assert.deepEqual(valuesOf((await readAll(client, topic)).batches), ['old'])
      }
    })

    it('deletes from compacted topics whose policy says both', async () => {
      await using client = await target.connect()
      const config = { 'cleanup.policy': 'compact,delete', 'retention.ms': String(dayMs) }
      const topic = await target.createTopic({ config })
      const timestamp = systemClock.nowMs() - 2 * dayMs
      await produceTo(client, topic, recordBatch([{ key: 'a', value: 'old', timestamp }]))

      await startBecomes(client, topic, 1)

      assert.equal((await fetchFrom(client, topic, { offset: 0 })).errorCode, 1)
    })

    /** Cleans until the log begins where it should, and not after it. */
    async function startBecomes(client: WireClient, topic: TopicNames, expected: number): Promise<void> {
      const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp: -2 }] }]
      for (let offset = 0; offset !== expected;) {
        await target.cleanLogs(topic.name)
        const answer = await client.call(listOffsets, 7, { replicaId: -1, topics })
        offset = answer.topics[0]!.partitions[0]!.offset
        assert.ok(offset <= expected)
      }
    }
  })
}
