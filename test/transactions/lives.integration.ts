import {
  addPartitionsToTxn,
  endTxn,
  findCoordinator,
  initProducerId,
  produce,
  txnOffsetCommit,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError, KafkaError } from '../../src/core/errors.ts'
import type { GroupMember } from '../../src/kafka/index.ts'
import { recordBatch } from '../contract/batches.ts'
import { produceTo } from '../contract/exchange.ts'
import { WireClient } from '../contract/wire-client.ts'
import { readTopic } from '../integration/read-topic.ts'
import { noMember, Session, type SessionOptions } from './session.ts'
import { onEachBroker, type Target } from './target.ts'
import { until } from '../until.ts'

/** Long enough to send everything before, also on a busy machine. */
const transactionTimeoutMs = 2_000
const invalidProducerEpoch = 47
const producerFenced = 90
/** A topic or coordinator that is not found yet, CONCURRENT_TRANSACTIONS, NOT_ENOUGH_REPLICAS. */
const notReady = [3, 6, 14, 15, 16, 19, 51]

/** What ends a transaction besides its producer. */
export function livesSuite(target: Target): void {
  for (const transactionVersion of [1, 2] as const) {
    void describe(`a producer of version ${transactionVersion}`, { concurrency: 4 }, () => {
      const open = (options: Partial<SessionOptions> = {}) =>
        Session.open({ bootstrapServers: target.bootstrapServers, transactionVersion, ...options })

      void it('goes on after a transaction that was open for too long', async () => {
        await using session = await open({ transactionTimeoutMs })
        await session.producer.begin()
        await session.transact()
        await session.send()
        await session.settled()

        const results = [await session.commit(), await session.transact()]

        assert.deepEqual(results, ['aborted', 'committed'])
        assert.equal(session.failures[0]!.code, 'TRANSACTION_ABORTED')
        await session.verify()
      })

      void it('fences nobody unless it has just been confirmed as the owner', async () => {
        await using owner = await open()
        await owner.producer.begin()
        await owner.send()
        const lost = new KafkaError('OWNERSHIP_LOST', 'the group has another owner')
        const member = (stale?: GroupMember) => (stale === undefined ? Promise.resolve(noMember) : Promise.reject(lost))
        await using former = await open({ transactionalId: owner.transactionalId, member })

        await assert.rejects(former.producer.begin(), (error) => error === lost)

        assert.equal(await owner.commit(), 'committed')
        await owner.verify()
      })

      void it('hears of that from all sides at once', async () => {
        await using session = await open({ transactionTimeoutMs })
        await session.producer.begin()
        await session.transact()
        await session.send()
        await session.settled()
        void session.send()

        const results = [await session.commit(), await session.transact()]

        assert.deepEqual(results, ['aborted', 'committed'])
        await session.verify()
      })

      void it('waits with its verdict for the inquiry, while batches are still to be stored', async () => {
        await using proxy = await target.startProxy()
        const { bootstrapServers: observedServers } = target
        await using session = await open({ bootstrapServers: proxy.bootstrapServers, observedServers })
        await session.producer.begin()
        await session.send()
        void session.send()
        const befell = [
          proxy.inject(produce, 'loseRequest'),
          proxy.inject(txnOffsetCommit, { refuse: invalidProducerEpoch }),
          proxy.inject(initProducerId, { refuse: producerFenced }),
        ]

        assert.equal(await session.commit(), 'fenced')

        await Promise.all(befell)
      })

      void it('asks what the refusal of a batch means also while a commit waits for that batch', async () => {
        await using proxy = await target.startProxy()
        const { bootstrapServers: observedServers } = target
        await using session = await open({ bootstrapServers: proxy.bootstrapServers, observedServers })
        await session.producer.begin()
        await session.send()
        const befell = proxy.inject(produce, { refuse: invalidProducerEpoch })
        void session.send()

        const results = [await session.commit(), await session.transact()]

        await befell
        assert.deepEqual(results, ['aborted', 'committed'])
        assert.deepEqual(
          session.failures.map(({ code }) => code),
          ['TRANSACTION_ABORTED'],
        )
        await session.verify()
      })

      void it('learns by sending that its transaction was open for too long', async () => {
        await using session = await open({ transactionTimeoutMs })
        await session.producer.begin()
        await session.transact()
        await session.send()
        await session.settled()

        await session.failed(() => void session.send())

        assert.deepEqual(
          session.failures.map(({ code }) => code),
          ['TRANSACTION_ABORTED'],
        )
        await session.abort()
        assert.equal(await session.transact(), 'committed')
        await session.verify()
      })

      void it('is fenced for good by another one of the same id, in a transaction', async () => {
        await using session = await open()
        await session.producer.begin()
        await session.transact()
        await session.send()
        await using other = await open({ transactionalId: session.transactionalId })
        await other.producer.begin()

        const result = await session.commit()

        assert.equal(result, 'fenced')
        await assert.rejects(session.producer.begin(), { code: 'TRANSACTION_FENCED' })
        await assert.rejects(session.producer.abort(), { code: 'TRANSACTION_FENCED' })
        assert.equal(await other.transact(), 'committed')
        assert.deepEqual(await session.verify(), [])
        await other.verify()
      })

      void it('is fenced for good by another one of the same id, between transactions', async () => {
        await using session = await open()
        await session.producer.begin()
        await session.transact()
        await using other = await open({ transactionalId: session.transactionalId })
        await other.producer.begin()

        await session.failed(() => void session.send())

        assert.equal(session.failures[0]!.code, 'TRANSACTION_FENCED')
        assert.equal(await other.transact(), 'committed')
        assert.deepEqual(await session.verify(), [])
      })

      void it('commits offsets alone, and nothing at no cost', async () => {
        await using session = await open()
        await session.producer.begin()

        await session.producer.commit([])
        await session.producer.abort()
        await session.producer.commit([{ topic: session.topic.name, offsets: [7, -1, 9] }])

        assert.deepEqual(await session.committedOffsets(), [7, undefined, 9])
      })

      void it('commits offsets as the member that it is by then', async () => {
        const asked: (GroupMember | undefined)[] = []
        const former = { generationId: 4, memberId: 'former', groupInstanceId: null }
        let present: GroupMember = former
        const member = async (stale?: GroupMember) => {
          asked.push(stale)
          if (stale !== undefined) present = noMember
          return present
        }
        await using session = await open({ member })
        await session.producer.begin()

        assert.equal(await session.transact(), 'committed')

        // A broker may have it asked again for other reasons.
        assert.deepEqual(
          asked.filter((stale) => stale !== undefined),
          [former],
        )
        await session.verify()
      })

      void it('aborts when it is no member any more', async () => {
        const lost = new MillraceError('KAFKA_CLOSED', 'ownership was lost')
        let isOwner = true
        const member = async () => {
          if (!isOwner) throw lost
          return noMember
        }
        await using session = await open({ member })
        await session.producer.begin()
        isOwner = false

        const first = await session.transact()
        isOwner = true

        assert.deepEqual([first, session.failures], ['aborted', [lost]])
        assert.equal(await session.transact(), 'committed')
        await session.verify()
      })

      void it('rejects what is under way when it is stopped', async () => {
        let isBegun = false
        await using session = await open({ member: async () => (isBegun ? new Promise(() => {}) : noMember) })
        await session.producer.begin()
        isBegun = true
        await session.send()
        const committing = session.producer.commit([{ topic: session.topic.name, offsets: [1] }])

        session.producer.stop()

        await assert.rejects(committing, { code: 'KAFKA_CLOSED' })
        assert.deepEqual(session.failures, [])
      })
    })
  }

  void describe('a commit that is delayed past the timeout', () => {
    void it('does not commit the next transaction of version 2', async () => {
      await using proxy = await target.startProxy()
      await using session = await Session.open({
        bootstrapServers: proxy.bootstrapServers,
        observedServers: target.bootstrapServers,
        transactionVersion: 2,
        transactionTimeoutMs,
      })
      await session.producer.begin()
      await session.send()
      const held = proxy.inject(endTxn, 'hold')
      const committing = session.commit()
      await held
      const isSettled = session.settled().then(() => true)
      // Each repetition is lost, whenever it comes, until the broker has ended the transaction by itself.
      for (let isOver = false; !isOver;) {
        isOver = await Promise.race([proxy.inject(endTxn, 'loseRequest').then(() => false), isSettled])
      }

      const first = await committing
      await session.send()
      await proxy.release()
      await session.abort()

      assert.equal(first, 'aborted')
      assert.deepEqual(await session.verify(), [])
    })
  })

  for (const version of [1, 2] as const) {
    const title = version === 1 ? 'tears the next transaction of version 1' : 'leaves the next one of version 2 whole'

    void it(`a commit that is repeated and arrives once more ${title}`, async () => {
      await using session = await Session.open({
        bootstrapServers: target.bootstrapServers,
        transactionVersion: version,
      })
      await using client = await WireClient.connect(target.bootstrapServers)
      const producer = new PlainProducer(client, session.transactionalId, session.topic, version)
      await producer.begin()
      assert.equal(await producer.send('a'), 0)
      const delayed = await producer.end(true)
      await producer.send('b')

      await delayed()
      const last = await producer.send('c')
      await producer.end(false)

      await session.settled()
      const values = (await readTopic(target.bootstrapServers, session.topic.name)).map(({ value }) => value)
      // The producer was never told that b committed: it goes on, and aborts.
      assert.deepEqual([last, values], version === 1 ? [0, ['a', 'b']] : [0, ['a']])
    })
  }
}

/** A producer as most clients have it: it takes the answer to its own end for the end of the matter. */
class PlainProducer {
  readonly #client: WireClient
  readonly #transactionalId: string
  readonly #topic: { name: string; id: string }
  readonly #version: 1 | 2
  #identity = { producerId: -1, producerEpoch: -1 }
  #sequence = 0

  constructor(client: WireClient, transactionalId: string, topic: { name: string; id: string }, version: 1 | 2) {
    this.#client = client
    this.#transactionalId = transactionalId
    this.#topic = topic
    this.#version = version
  }

  async begin(): Promise<void> {
    const request = { transactionalId: this.#transactionalId, transactionTimeoutMs: 60_000 }
    // The first question for a coordinator has the topic of all transactions created.
    await this.#client.call(findCoordinator, 4, { keyType: 1, coordinatorKeys: [this.#transactionalId] })
    await untilSettled(async () => {
      const { errorCode, producerId, producerEpoch } = await this.#client.call(initProducerId, 4, request)
      this.#identity = { producerId, producerEpoch }
      return errorCode
    })
  }

  async send(value: string): Promise<number> {
    const transactionalId = this.#transactionalId
    if (this.#version === 1) {
      const added = {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: this.#identity.producerId,
        v3AndBelowProducerEpoch: this.#identity.producerEpoch,
        v3AndBelowTopics: [{ name: this.#topic.name, partitions: [0] }],
      }
      await untilSettled(async () => {
        const { resultsByTopicV3AndBelow: results } = await this.#client.call(addPartitionsToTxn, 3, added)
        return results[0]!.resultsByPartition[0]!.partitionErrorCode
      })
    }
    const batch = recordBatch([value], { ...this.#identity, baseSequence: this.#sequence++, isTransactional: true })
    const options = { version: this.#version === 1 ? 9 : 12, transactionalId }
    return untilSettled(async () => (await produceTo(this.#client, this.#topic, batch, options)).errorCode)
  }

  /** Ends the transaction. Returns what sends the same request again. */
  async end(committed: boolean): Promise<() => Promise<unknown>> {
    const request = { transactionalId: this.#transactionalId, ...this.#identity, committed }
    const end = () => this.#client.call(endTxn, this.#version === 1 ? 3 : 5, request)
    const { errorCode, producerId, producerEpoch } = await end()
    assert.equal(errorCode, 0)
    if (this.#version === 2) {
      this.#identity = { producerId, producerEpoch }
      this.#sequence = 0
    }
    return end
  }
}

/** Asks again while brokers are not ready: the last transaction is being ended, or a coordinator is not found yet. */
async function untilSettled(request: () => Promise<number>): Promise<number> {
  const answer = await until('the brokers are ready', async () => {
    const errorCode = await request()
    return !notReady.includes(errorCode) && { errorCode }
  })
  return answer.errorCode
}

if (import.meta.main) onEachBroker([livesSuite])
