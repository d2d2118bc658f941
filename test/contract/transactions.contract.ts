import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  deleteGroups,
  deleteRecords,
  endTxn,
  initProducerId,
  listOffsets,
  offsetCommit,
  offsetFetch,
  txnOffsetCommit,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { recordBatch, timestampMs } from './batches.ts'
import { fetchFrom, produceTo, readAll } from './exchange.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

const concurrentTransactions = 51
// What ListOffsets asks for with these in place of a time.
const latest = -1
const earliest = -2
/** Of a producer: the one after it is only used to fence. */
const lastEpoch = 32_766

interface Topic {
  readonly name: string
  readonly id: string
}

/** A transactional producer that does only what its test tells it to. */
class Producer implements AsyncDisposable {
  readonly client: WireClient
  readonly transactionalId: string
  producerId = -1
  producerEpoch = -1
  /** The next sequence, which every epoch and partition begins at 0. */
  sequence = 0

  constructor(client: WireClient, transactionalId: string) {
    this.client = client
    this.transactionalId = transactionalId
  }

  async initOnce(timeoutMs = 60_000, version = 5) {
    const { transactionalId } = this
    const granted = await this.client.call(initProducerId, version, {
      transactionalId,
      transactionTimeoutMs: timeoutMs,
    })
    if (granted.errorCode === 0) this.adopt(granted)
    return granted
  }

  /** Asks until the transaction before has ended. */
  init(timeoutMs?: number) {
    return until('the transaction before has ended', async () => {
      const granted = await this.initOnce(timeoutMs)
      return granted.errorCode !== concurrentTransactions && granted
    })
  }

  adopt({ producerId, producerEpoch }: { producerId: number; producerEpoch: number }) {
    this.producerId = producerId
    this.producerEpoch = producerEpoch
    this.sequence = 0
  }

  /** Sends once; version 12 takes the partition into the transaction by itself. */
  async sendOnce(topic: Topic, values: string[], version: number, partition = 0) {
    const { producerId, producerEpoch, sequence: baseSequence, transactionalId } = this
    const batch = recordBatch(values, { producerId, producerEpoch, baseSequence, isTransactional: true })
    const { errorCode } = await produceTo(this.client, topic, batch, { version, partition, transactionalId })
    if (errorCode === 0) this.sequence += values.length
    return errorCode
  }

  async send(topic: Topic, values: string[], version = 12) {
    return untilSettled(() => this.sendOnce(topic, values, version))
  }

  async add(topic: Topic, partitions = [0], version = 3) {
    const answer = async () => {
      const [result] = await this.addOnce(topic, partitions, version)
      return result!.partitionErrorCode
    }
    return untilSettled(answer)
  }

  /** Adds partitions in one request, and returns what was answered for each of them. */
  async addOnce(topic: Topic, partitions: number[], version = 3) {
    const { resultsByTopicV3AndBelow: results } = await this.client.call(addPartitionsToTxn, version, {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: this.producerEpoch,
      v3AndBelowTopics: [{ name: topic.name, partitions }],
    })
    return results[0]!.resultsByPartition
  }

  async end(committed: boolean, version = 5) {
    const ended = await this.client.call(endTxn, version, { ...this.identity, committed })
    if (ended.errorCode === 0 && version >= 5) this.adopt(ended)
    return ended
  }

  async commitOffset(groupId: string, topic: Topic, offset: number, version = 5) {
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: null }]
    const answer = async () => {
      const topics = [{ name: topic.name, partitions }]
      const response = await this.client.call(txnOffsetCommit, version, { ...this.identity, groupId, topics })
      return response.topics[0]!.partitions[0]!.errorCode
    }
    return untilSettled(answer)
  }

  get identity() {
    const { transactionalId, producerId, producerEpoch } = this
    return { transactionalId, producerId, producerEpoch }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client[Symbol.asyncDispose]()
  }
}

/** Waits out the time in which the markers of the transaction before are written. */
async function untilSettled(request: () => Promise<number>): Promise<number> {
  const answer = await until('the transaction before has ended', async () => {
    const errorCode = await request()
    return errorCode !== concurrentTransactions && { errorCode }
  })
  return answer.errorCode
}

export function transactionsContract(target: Target): void {
  const newName = () => `contract-${randomUUID()}`
  const newProducer = async (transactionalId = newName()) => new Producer(await target.connect(), transactionalId)
  const startProducer = async (timeoutMs?: number) => {
    const producer = await newProducer()
    await producer.init(timeoutMs)
    return producer
  }

  /** Reads until the transaction of a test has ended for readers too. */
  const readStable = async (client: WireClient, topic: Topic) => {
    for (;;) {
      const { lastStableOffset, highWatermark } = await readAll(client, topic, { isCommitted: true })
      // Read again, because the offsets may be newer than the records they came with.
      if (lastStableOffset === highWatermark) return readAll(client, topic, { isCommitted: true })
    }
  }
  const valuesOf = ({ batches }: Awaited<ReturnType<typeof readAll>>) => batches.flatMap(({ values }) => values)
  const markersOf = ({ batches }: Awaited<ReturnType<typeof readAll>>) =>
    batches.filter(({ isControl }) => isControl).map(({ isCommit }) => (isCommit ? 'commit' : 'abort'))
  const committedOffset = async (client: WireClient, groupId: string, topic: Topic, requireStable = false) => {
    const groups = [{ groupId, topics: [{ name: topic.name, partitionIndexes: [0] }] }]
    const response = await client.call(offsetFetch, 9, { groups, requireStable })
    const { errorCode, committedOffset: offset } = response.groups[0]!.topics[0]!.partitions[0]!
    return [errorCode, offset]
  }

  /** The answer to a question of ListOffsets, for a committed reader. */
  const offsetAt = async (client: WireClient, topic: Topic, timestamp: number) => {
    const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp }] }]
    const response = await client.call(listOffsets, 7, { replicaId: -1, isolationLevel: 1, topics })
    return response.topics[0]!.partitions[0]!.offset
  }
  /** Commits an offset outside of transactions. */
  const commitOffset = async (client: WireClient, groupId: string, topic: Topic, offset: number) => {
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: null }]
    const request = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: topic.name, partitions }] }
    const response = await client.call(offsetCommit, 9, request)
    assert.equal(response.topics[0]!.partitions[0]!.errorCode, 0)
  }

  describe('what a transaction leaves', () => {
    it('is found by time with its aborted records and its markers, by a committed reader too', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      const { client } = producer
      await producer.send(topic, ['aborted'])
      await producer.end(false)
      await readStable(client, topic)

      const found = await Promise.all([timestampMs, timestampMs + 1].map((time) => offsetAt(client, topic, time)))

      assert.deepEqual(found, [0, 1])
    })

    it('ends before the log begins, for a committed reader, where its records are deleted while it is open', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      const { client } = producer
      await producer.send(topic, ['0', '1', '2'])
      const partitions = [{ partitionIndex: 0, offset: 2 }]

      await client.call(deleteRecords, 2, { topics: [{ name: topic.name, partitions }], timeoutMs: 10_000 })
      const open = [await offsetAt(client, topic, earliest), await offsetAt(client, topic, latest)]
      await producer.end(true)
      await producer.init()

      assert.deepEqual(open, [2, 0])
      assert.equal(await offsetAt(client, topic, latest), 4)
    })

    it('has no offset for a group that is deleted before it commits', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      const groupId = newName()
      const { client } = producer
      await producer.commitOffset(groupId, topic, 42)

      const { results } = await client.call(deleteGroups, 2, { groupsNames: [groupId] })
      const ended = await producer.end(true)
      await producer.init()

      assert.deepEqual([results[0]!.errorCode, ended.errorCode], [0, 0])
      assert.deepEqual(await committedOffset(client, groupId, topic), [0, -1])
    })

    it('has markers with the time of their arrival in a topic of such times', async () => {
      await using producer = await startProducer()
      const { client } = producer
      const own = await target.createTopic()
      const arrival = await target.createTopic({ config: { 'message.timestamp.type': 'LogAppendTime' } })
      for (const topic of [own, arrival]) {
        producer.sequence = 0
        assert.equal(await producer.send(topic, ['a']), 0)
      }
      await producer.end(true)

      const attributesOf = async (topic: Topic) => {
        await readStable(client, topic)
        const { records } = await fetchFrom(client, topic, { offset: 1 })
        return records!.readInt16BE(21)
      }
      assert.deepEqual([await attributesOf(own), await attributesOf(arrival)], [0x30, 0x38])
    })

    it('keeps no metadata of an offset as an empty text', async () => {
      await using producer = await startProducer()
      const { client } = producer
      const topic = await target.createTopic()
      const groupId = newName()

      assert.equal(await producer.commitOffset(groupId, topic, 7), 0)
      await producer.end(true)

      const groups = [{ groupId, topics: [{ name: topic.name, partitionIndexes: [0] }] }]
      const { errorCode, ...stable } = await until('the offset is stable', async () => {
        const response = await client.call(offsetFetch, 9, { groups, requireStable: true })
        const found = response.groups[0]!.topics[0]!.partitions[0]!
        return found.errorCode !== 88 && found
      })
      assert.deepEqual([errorCode, stable.committedOffset, stable.metadata], [0, 7, ''])
    })

    it('is beyond a committed reader that asks for the newest record, until it has ended', async () => {
      await using producer = await startProducer()
      const { client } = producer
      const topic = await target.createTopic()
      assert.equal(await producer.send(topic, ['a']), 0)
      const newest = async (isolationLevel: number) => {
        const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp: -3 }] }]
        const answer = await client.call(listOffsets, 7, { replicaId: -1, isolationLevel, topics })
        return answer.topics[0]!.partitions[0]!.offset
      }

      const open = [await newest(0), await newest(1)]
      await producer.end(true)
      await readStable(client, topic)

      assert.deepEqual(open, [0, -1])
      assert.deepEqual([await newest(0), await newest(1)], [1, 1])
    })
  })

  describe('InitProducerId of a transactional id', () => {
    it('gives a new id with epoch 0, and the same with the next epoch after', async () => {
      await using producer = await newProducer()

      const first = await producer.init()
      const second = await producer.init()

      assert.deepEqual([first.errorCode, first.producerEpoch], [0, 0])
      assert.deepEqual([second.errorCode, second.producerId, second.producerEpoch], [0, first.producerId, 1])
    })

    it('raises the epoch for its owner, and for nobody else', async () => {
      await using producer = await startProducer()
      const { client, transactionalId, producerId } = producer
      const request = { transactionalId, transactionTimeoutMs: 60_000, producerId }

      const raised = await client.call(initProducerId, 4, { ...request, producerEpoch: 0 })
      const repeated = await client.call(initProducerId, 4, { ...request, producerEpoch: 0 })
      const stranger = await client.call(initProducerId, 4, {
        ...request,
        producerId: producerId + 1000,
        producerEpoch: 1,
      })
      await producer.init()
      const late = await client.call(initProducerId, 4, { ...request, producerEpoch: 0 })

      assert.deepEqual([raised.errorCode, raised.producerEpoch], [0, 1])
      assert.deepEqual([repeated.errorCode, repeated.producerEpoch], [0, 1])
      assert.equal(stranger.errorCode, 90)
      assert.equal(late.errorCode, 90)
    })

    it('calls a fenced owner by the name its version knows', async () => {
      await using producer = await startProducer()
      const { client, transactionalId, producerId } = producer
      await producer.init()
      await producer.init()
      const request = { transactionalId, transactionTimeoutMs: 60_000, producerId, producerEpoch: 0 }

      const answers = []
      for (const version of [3, 4, 5]) answers.push((await client.call(initProducerId, version, request)).errorCode)

      assert.deepEqual(answers, [47, 90, 90])
    })

    it('refuses an empty id, a timeout out of bounds, and half an identity', async () => {
      await using client = await target.connect()
      const errorOf = async (wrong: object) => {
        const request = { transactionalId: newName(), transactionTimeoutMs: 60_000, ...wrong }
        return (await client.call(initProducerId, 4, request)).errorCode
      }

      assert.equal(await errorOf({ transactionalId: '' }), 42)
      assert.equal(await errorOf({ transactionTimeoutMs: 0 }), 50)
      assert.equal(await errorOf({ transactionTimeoutMs: 900_001 }), 50)
      assert.equal(await errorOf({ producerId: 5 }), 42)
    })

    it('aborts the open transaction of the owner before, and shuts it out', async () => {
      await using old = await startProducer()
      await using next = await newProducer(old.transactionalId)
      const topic = await target.createTopic()
      await old.send(topic, ['orphan'])

      const refused = await next.initOnce()
      const granted = await next.init()

      assert.equal(refused.errorCode, concurrentTransactions)
      assert.deepEqual([granted.errorCode, granted.producerId, granted.producerEpoch], [0, old.producerId, 2])
      assert.equal(await old.send(topic, ['late']), 47)
      assert.equal((await old.end(true)).errorCode, 90)
      assert.deepEqual(markersOf(await readStable(next.client, topic)), ['abort'])
    })
  })

  for (const version of [1, 2]) {
    const produceVersion = version === 1 ? 9 : 12
    const endVersion = version === 1 ? 3 : 5
    const begin = async (topic: Topic) => {
      const producer = await startProducer()
      if (version === 1) await producer.add(topic)
      return producer
    }

    describe(`a transaction of version ${version}`, () => {
      it('is seen by read_committed only once it has committed', async () => {
        const topic = await target.createTopic()
        await using producer = await begin(topic)
        await producer.send(topic, ['a', 'b'], produceVersion)

        const open = await readAll(producer.client, topic, { isCommitted: true })
        const dirty = await readAll(producer.client, topic)
        const ended = await producer.end(true, endVersion)
        const read = await readStable(producer.client, topic)

        assert.deepEqual([valuesOf(open), open.lastStableOffset, open.highWatermark], [[], 0, 2])
        assert.deepEqual(valuesOf(dirty), ['a', 'b'])
        assert.equal(ended.errorCode, 0)
        assert.deepEqual([valuesOf(read), markersOf(read), read.highWatermark], [['a', 'b'], ['commit'], 3])
      })

      it('is listed as aborted to readers of its records, and to no others', async () => {
        const topic = await target.createTopic()
        await using producer = await begin(topic)
        await produceTo(producer.client, topic, recordBatch(['plain']))
        await producer.send(topic, ['a', 'b'], produceVersion)
        const { producerId } = producer

        await producer.end(false, endVersion)
        const read = await readStable(producer.client, topic)
        const { abortedTransactions } = await fetchFrom(producer.client, topic, { isCommitted: true })
        const after = await fetchFrom(producer.client, topic, { isCommitted: true, offset: 4 })
        const uncommitted = await fetchFrom(producer.client, topic)

        assert.deepEqual(markersOf(read), ['abort'])
        assert.deepEqual(abortedTransactions, [{ producerId, firstOffset: 1 }])
        assert.deepEqual(after.abortedTransactions, [])
        assert.equal(uncommitted.abortedTransactions, null)
      })

      it('holds back the records of others after it', async () => {
        const topic = await target.createTopic()
        await using producer = await begin(topic)
        await producer.send(topic, ['open'], produceVersion)
        await produceTo(producer.client, topic, recordBatch(['plain']))
        const latest = async (isolationLevel: number) => {
          const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
          const response = await producer.client.call(listOffsets, 7, { replicaId: -1, isolationLevel, topics })
          return response.topics[0]!.partitions[0]!.offset
        }

        const open = [await latest(1), await latest(0)]
        await producer.end(true, endVersion)
        await readStable(producer.client, topic)

        assert.deepEqual(open, [0, 2])
        assert.deepEqual([await latest(1), await latest(0)], [3, 3])
      })

      it('wakes a reader that waits for committed records', async () => {
        const topic = await target.createTopic()
        await using producer = await begin(topic)
        await using reader = await target.connect()
        await producer.send(topic, ['a'], produceVersion)

        const waiting = fetchFrom(reader, topic, { isCommitted: true, maxWaitMs: 30_000 })
        await producer.end(true, endVersion)

        const { lastStableOffset } = await waiting
        assert.equal(lastStableOffset, 2)
      })

      it('commits offsets with it, which nobody sees before', async () => {
        const topic = await target.createTopic()
        await using producer = await begin(topic)
        const groupId = newName()
        if (version === 1) {
          await producer.client.call(addOffsetsToTxn, 3, { ...producer.identity, groupId })
        }

        const errorCode = await producer.commitOffset(groupId, topic, 42, version === 1 ? 3 : 5)
        const before = await committedOffset(producer.client, groupId, topic)
        const unstable = await committedOffset(producer.client, groupId, topic, true)
        await producer.end(true, endVersion)
        const after = await until('the offset is stable', async () => {
          const answer = await committedOffset(producer.client, groupId, topic, true)
          return answer[0] !== 88 && answer
        })

        assert.deepEqual([errorCode, before, unstable[0], after], [0, [0, -1], 88, [0, 42]])
      })

      it('forgets its offsets when it aborts', async () => {
        const topic = await target.createTopic()
        await using producer = await begin(topic)
        const groupId = newName()
        if (version === 1) await producer.client.call(addOffsetsToTxn, 3, { ...producer.identity, groupId })
        await producer.commitOffset(groupId, topic, 42, version === 1 ? 3 : 5)

        await producer.end(false, endVersion)
        const after = await until('the offset is stable', async () => {
          const answer = await committedOffset(producer.client, groupId, topic, true)
          return answer[0] !== 88 && answer
        })

        assert.deepEqual(after, [0, -1])
      })

      it('leaves out offsets that others have sent after it, also where it commits after them', async () => {
        const topic = await target.createTopic()
        await using producer = await begin(topic)
        const [sentBefore, sentAfter] = [newName(), newName()]
        const { client } = producer
        const stableOffset = (groupId: string) =>
          until('the offset is stable', async () => {
            const answer = await committedOffset(client, groupId, topic, true)
            return answer[0] !== 88 && answer
          })
        await commitOffset(client, sentBefore, topic, 7)
        for (const groupId of [sentBefore, sentAfter]) {
          if (version === 1) await client.call(addOffsetsToTxn, 3, { ...producer.identity, groupId })
          await producer.commitOffset(groupId, topic, 42, version === 1 ? 3 : 5)
        }
        await commitOffset(client, sentAfter, topic, 7)

        const ended = await producer.end(true, endVersion)

        assert.equal(ended.errorCode, 0)
        assert.deepEqual(await stableOffset(sentBefore), [0, 42])
        assert.deepEqual(await stableOffset(sentAfter), [0, 7])
      })

      it('can be followed by another', async () => {
        const topic = await target.createTopic()
        await using producer = await begin(topic)
        for (const value of ['a', 'b', 'c']) {
          if (version === 1) assert.equal(await producer.add(topic), 0)
          assert.equal(await producer.send(topic, [value], produceVersion), 0)
          assert.equal((await producer.end(value !== 'b', endVersion)).errorCode, 0)
        }

        const read = await readStable(producer.client, topic)

        assert.deepEqual(valuesOf(read), ['a', 'b', 'c'])
        assert.deepEqual(markersOf(read), ['commit', 'abort', 'commit'])
      })

      it('is aborted when its time is over, and its producer shut out', async () => {
        const topic = await target.createTopic()
        await using producer = await startProducer(100)
        if (version === 1) await producer.add(topic)
        await producer.send(topic, ['slow'], produceVersion)

        const read = await readStable(producer.client, topic)

        assert.deepEqual(markersOf(read), ['abort'])
        // In version 2 it looks like an end sent again with the opposite outcome.
        const late = await untilSettled(async () => (await producer.end(true, endVersion)).errorCode)
        assert.equal(late, version === 1 ? 90 : 48)
      })
    })
  }

  describe('version 1', () => {
    it('keeps the epoch, and wants partitions and offsets announced', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      const groupId = newName()

      // Kafka asks its coordinator for several producers at once, and may answer one by the version of another.
      const unannounced = [48, 120]
      assert.ok(unannounced.includes(await producer.send(topic, ['a'], 9)))
      assert.ok(unannounced.includes(await producer.send(topic, ['a'], 11)))
      assert.ok(unannounced.includes(await producer.commitOffset(groupId, topic, 1, 3)))
      assert.ok(unannounced.includes(await producer.commitOffset(groupId, topic, 1, 4)))
      assert.equal(await producer.add(topic), 0)
      assert.equal(await producer.send(topic, ['a'], 9), 0)
      const ended = await producer.end(true, 4)
      assert.deepEqual([ended.errorCode, ended.producerId, ended.producerEpoch], [0, -1, -1])
      assert.equal((await producer.init()).producerEpoch, 1)
    })

    it('answers the same end again, and refuses the opposite', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      await producer.add(topic)
      const end = async (committed: boolean) => untilSettled(async () => (await producer.end(committed, 4)).errorCode)

      assert.equal(await end(true), 0)
      assert.equal(await end(true), 0)
      assert.equal(await end(false), 48)
    })

    it('has nothing to end before it has begun', async () => {
      await using producer = await startProducer()

      assert.equal((await producer.end(true, 4)).errorCode, 48)
      assert.equal((await producer.end(false, 4)).errorCode, 48)
    })

    it('adds partitions in each version, all of them or none', async () => {
      const topic = await target.createTopic({ partitions: 2 })
      await using producer = await startProducer()

      for (let version = 0; version <= 3; version++) assert.equal(await producer.add(topic, [0, 1], version), 0)
      const results = await producer.addOnce(topic, [0, 7])

      const answered = results.map(({ partitionIndex, partitionErrorCode: code }) => `${partitionIndex}: ${code}`)
      assert.deepEqual(answered.toSorted(), ['0: 55', '7: 3'])
    })

    it('takes offsets in and ends in each version of its requests', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()

      for (const version of [0, 1, 2, 3, 4]) {
        const groupId = newName()
        const addOffsets = async () => {
          const added = await producer.client.call(addOffsetsToTxn, version, { ...producer.identity, groupId })
          return added.errorCode
        }
        const added = await untilSettled(addOffsets)
        const committed = await producer.commitOffset(groupId, topic, version, version)
        const { errorCode: ended } = await producer.end(true, version)
        const after = await until('the offset is stable', async () => {
          const answer = await committedOffset(producer.client, groupId, topic, true)
          return answer[0] !== 88 && answer
        })

        assert.deepEqual([added, committed, ended, after], [0, 0, 0, [0, version]], `version ${version}`)
      }
    })

    it('tells brokers whether a partition is part of it, in each version that they ask in', async () => {
      const topic = await target.createTopic({ partitions: 2 })
      await using producer = await startProducer()
      await producer.add(topic, [0])

      const answers = []
      for (const version of [4, 5]) {
        const topics = [{ name: topic.name, partitions: [0, 1] }]
        const response = await producer.client.call(addPartitionsToTxn, version, {
          transactions: [{ ...producer.identity, verifyOnly: true, topics }],
        })
        const [verified] = response.resultsByTransaction
        assert.deepEqual([response.errorCode, verified!.transactionalId], [0, producer.transactionalId])
        const results = verified!.topicResults[0]!.resultsByPartition
        answers.push(results.map(({ partitionIndex, partitionErrorCode: code }) => `${partitionIndex}: ${code}`).sort())
      }

      assert.deepEqual(answers, [
        ['0: 0', '1: 120'],
        ['0: 0', '1: 120'],
      ])
    })
  })

  describe('version 2', () => {
    it('raises the epoch with every end', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      const { producerId } = producer

      await producer.send(topic, ['a'])
      const first = await producer.end(true)
      await producer.send(topic, ['b'])
      const second = await producer.end(false)

      assert.deepEqual([first.producerId, first.producerEpoch], [producerId, 1])
      assert.deepEqual([second.producerId, second.producerEpoch], [producerId, 2])
    })

    it('answers an end sent again with the same epoch, and refuses the opposite', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      await producer.send(topic, ['a'])
      const { identity, client } = producer
      await producer.end(true)
      const end = async (committed: boolean) =>
        untilSettled(async () => (await client.call(endTxn, 5, { ...identity, committed })).errorCode)

      const again = await end(true)
      const repeated = await client.call(endTxn, 5, { ...identity, committed: true })

      assert.equal(again, 0)
      assert.deepEqual([repeated.producerId, repeated.producerEpoch], [identity.producerId, 1])
      assert.equal(await end(false), 48)
    })

    it('goes on under another producer id when the epochs are used up', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      const firstId = producer.producerId
      while (producer.producerEpoch < lastEpoch) {
        assert.ok([0, concurrentTransactions].includes((await producer.end(false)).errorCode))
        assert.equal(producer.producerId, firstId)
      }
      assert.equal(await producer.send(topic, ['last of the old']), 0)
      const { transactionalId } = producer
      const old = { transactionalId, producerId: firstId, producerEpoch: lastEpoch }
      const endOld = (committed: boolean, producerEpoch = lastEpoch) =>
        producer.client.call(endTxn, 5, { ...old, producerEpoch, committed })

      const ended = await producer.end(true)
      assert.deepEqual([ended.errorCode, ended.producerEpoch, ended.producerId === firstId], [0, 0, false])
      const again = await untilSettled(async () => (await endOld(true)).errorCode)
      assert.equal(again, 0)
      assert.equal((await endOld(false)).errorCode, 48)
      assert.equal((await endOld(true, lastEpoch - 1)).errorCode, 49)
      assert.equal(await producer.send(topic, ['first of the new']), 0)
      assert.deepEqual((await producer.end(true)).producerEpoch, 1)

      const read = await readStable(producer.client, topic)
      assert.deepEqual(valuesOf(read), ['last of the old', 'first of the new'])
      assert.deepEqual(markersOf(read), ['commit', 'commit'])
    })

    it('shuts out what an ended epoch still sends', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      await producer.send(topic, ['a'])
      const { identity } = producer
      await producer.end(true)
      await readStable(producer.client, topic)

      const batch = recordBatch(['late'], { ...identity, baseSequence: 1, isTransactional: true })
      const { transactionalId } = identity
      const late = await produceTo(producer.client, topic, batch, { version: 12, transactionalId })

      assert.equal(late.errorCode, 47)
      assert.deepEqual(valuesOf(await readStable(producer.client, topic)), ['a'])
    })

    it('aborts what was never begun, raising the epoch, but commits it not', async () => {
      await using producer = await startProducer()

      assert.equal((await producer.end(true)).errorCode, 48)
      const aborted = await producer.end(false)

      assert.deepEqual([aborted.errorCode, aborted.producerEpoch], [0, 1])
    })

    it('wants the first batch in a partition to begin at sequence 0', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      producer.sequence = 3

      assert.equal(await producer.send(topic, ['a']), 45)
    })

    it('knows who owns a transactional id', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      const stranger = { ...producer.identity, producerId: producer.producerId + 1000 }
      const ahead = { ...producer.identity, producerEpoch: 9 }
      const end = async (identity: object) =>
        (await producer.client.call(endTxn, 5, { ...producer.identity, ...identity, committed: true })).errorCode
      const sendAs = async (identity: { producerId: number; producerEpoch: number }) => {
        const batch = recordBatch(['a'], { ...identity, baseSequence: 0, isTransactional: true })
        const { transactionalId } = producer
        return (await produceTo(producer.client, topic, batch, { version: 12, transactionalId })).errorCode
      }

      assert.equal(await end(stranger), 49)
      assert.equal(await end(ahead), 90)
      assert.equal(await end({ transactionalId: newName() }), 49)
      assert.equal(await end({ transactionalId: '' }), 42)
      assert.equal(await sendAs(stranger), 49)
      assert.equal(await sendAs(ahead), 47)
    })

    it('refuses transactional batches without a transactional id', async () => {
      const topic = await target.createTopic()
      await using producer = await startProducer()
      const batch = recordBatch(['a'], { ...producer.identity, baseSequence: 0, isTransactional: true })

      const { errorCode } = await produceTo(producer.client, topic, batch, { version: 12, transactionalId: null })

      assert.equal(errorCode, 53)
    })
  })
}
