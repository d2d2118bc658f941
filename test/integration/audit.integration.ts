import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cluster, type Topic } from '../../src/kafka/index.ts'
import { audit, auditAt, type AuditReport } from '../../src/streams/index.ts'
import { customers, customerTopology, mergeOf, record } from './customers.ts'
import { readTopic } from './read-topic.ts'
import { assertAccount, assertEndedBy, committed, startQuietly } from './run.ts'
import { onEachBroker, produce, type SourceRecord, type Stream, type Target, toMessages } from './target.ts'
import { until } from '../until.ts'

/** Stage A's function in these tests lets nothing through from here on. */
const filteredFrom = 1_000
const sideA = { part: ({ id, part }: { id: number; part: unknown }) => (id < filteredFrom ? part : undefined) }

interface ChangeableManifest {
  totals: Record<string, number[]>
  outputIds?: Record<string, string>
}

/** A record by whose time those of all others have expired. */
function late(side: string, id: number): SourceRecord {
  return { ...record(side, id), timestampMs: 1_790_000_600_000 }
}

const nothing = { count: 0, first: [] }
const limits = { decompressedBytesMax: 1 << 20, wait: { waitMs: 30_000 } }

export function audits(target: Target): void {
  const auditOf = ({ app }: Pick<Stream, 'app'>): Promise<AuditReport> =>
    audit({ bootstrapServers: target.bootstrapServers, app })

  describe('an audit', () => {
    it('proves a run in which every class occurs, in more than one part', async () => {
      const stream = await target.stream()
      await stream.produce([...customers(50), { value: 'not json', partition: 1 }])
      await produceInTransactions(stream, [record('A', 60), record('A', filteredFrom)])
      await stream.run(customerTopology(stream, sideA))
      await stream.produce([record('B', 61), record('A', filteredFrom + 1), record('A', 60), { value: null }])
      await produceInTransactions(stream, [record('A', filteredFrom + 2)])

      const { report } = await stream.run(customerTopology(stream, sideA))
      const audited = await auditOf(stream)

      // Three aborted records, and the markers of four transactions.
      const expected = { emitted: 100, pending: 2, duplicate: 1, deadLettered: 2, filtered: 3, skipped: 7 }
      assertAccount(report, expected)
      const { app, epoch, closedMs, accounting, ...findings } = audited
      assert.deepEqual({ app, accounting }, { app: stream.app, accounting: report.accounting })
      assert.ok(epoch >= 2 && closedMs > 0)
      assert.deepEqual(findings, {
        verdict: 'proved',
        contradictions: nothing,
        unclassified: nothing,
        miscounts: [],
        unbalanced: [],
        removedFrom: [],
        recreated: [],
        startedAt: [],
        unseen: 0,
        missingOutputs: 0,
        foreignRecords: 0,
      })
    })

    it('proves the last epoch of a program that goes on meanwhile, whose parts leave with later ones', async () => {
      const stream = await target.stream({ sinkConfig: { 'max.message.bytes': '2000' } })
      const pending = Array.from({ length: 10 }, (_, id) => record('A', id))
      const app = await startQuietly(customerTopology(stream), target.bootstrapServers)
      await stream.produce(pending)
      await committed(app, pending.length)
      // The merge of this one will be too large, and so its first part will leave by reference.
      const large = { value: `{"stage":"B","id":5,"part":"${'x'.repeat(3_000)}"}`, partition: 1 }
      const later = [0, 1, 2, 3, 4].map((id) => record('B', id))
      await using cluster = new LateCluster(target.bootstrapServers, stream.sink, async () => {
        await stream.produce([...later, large, ...customers(30).slice(40), { value: 'not json' }])
        await committed(app, pending.length + 5 + 1 + 20 + 1)
      })

      const meanwhile = await auditAt(cluster, stream.app, limits)
      await app.stop()
      const afterwards = await auditOf(stream)

      assert.equal(meanwhile.verdict, 'proved', JSON.stringify(meanwhile))
      assertAccount({ ...meanwhile, isBalanced: meanwhile.unbalanced.length === 0 }, { pending: 10 })
      assert.equal(afterwards.verdict, 'proved', JSON.stringify(afterwards))
      assertAccount(
        { ...afterwards, isBalanced: afterwards.unbalanced.length === 0 },
        { pending: 4, emitted: 10 + 20, deadLettered: 2 + 1 },
      )
    })

    it('proves expired parts, whether the checkpoint had them as pending or not, in either topic for them', async () => {
      for (const to of ['dead letters', 'a topic'] as const) {
        const stream = await target.stream()
        const expireTo = to === 'a topic' ? { expireTo: `${stream.app}.expired` } : {}
        if (to === 'a topic') await target.admin.createTopics({ topics: [{ topic: `${stream.app}.expired` }] })
        const program = customerTopology(stream, sideA, { expireAfterMs: 60_000, ...expireTo })
        const app = await startQuietly(program, target.bootstrapServers)
        await stream.produce([record('A', 0), record('B', 1)])
        await committed(app, 2)
        await using cluster = new LateCluster(target.bootstrapServers, stream.sink, async () => {
          await stream.produce([late('A', 2), late('A', 3)])
          await committed(app, 4)
          await until('a row has expired', () => app.report().accounting.some(({ expired }) => expired > 0))
        })

        const meanwhile = await auditAt(cluster, stream.app, limits)
        await app.stop()
        const afterwards = await auditOf(stream)

        assert.equal(meanwhile.verdict, 'proved', JSON.stringify(meanwhile))
        assert.equal(afterwards.verdict, 'proved', JSON.stringify(afterwards))
        assertAccount(app.report(), { pending: 2, expired: 2 })
        if (to === 'a topic') await target.admin.deleteTopics({ topics: [`${stream.app}.expired`] })
      }
    })

    it('proves what was read of a compacted source, as far as that can be seen', async () => {
      const stream = await target.stream()
      await target.setConfigs(stream.source, { 'cleanup.policy': 'compact', 'retention.ms': '-1' })
      const keyed = (records: readonly SourceRecord[]) =>
        records.map((each, index) => ({ ...each, key: String(index) }))
      await stream.produce(keyed([...customers(2), record('A', filteredFrom)]))
      await stream.run(customerTopology(stream, sideA))
      const whole = await auditOf(stream)
      await produceInTransactions(stream, keyed([record('A', 7), record('A', 9)]))
      await stream.run(customerTopology(stream, sideA))

      const withGaps = await auditOf(stream)
      const hidden = await changeManifest(stream, ({ totals }) => {
        totals['skipped']![1]!++
        totals['filtered']![1]!--
      })

      assert.deepEqual([whole.verdict, whole.unseen, whole.removedFrom], ['proved', 0, []])
      // Two aborted records and two markers.
      assert.deepEqual([withGaps.verdict, withGaps.unseen], ['provedAsSeen', 4], JSON.stringify(withGaps))
      // More was skipped than there are gaps, which no compaction fills.
      assert.equal(hidden.verdict, 'wrong')
    })

    it('says which transaction it waits for, and not for ever', async () => {
      const stream = await runOf(customers(3))
      const transactionalId = `${stream.app}-foreign`
      const producer = target.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      const transaction = await producer.transaction()
      await transaction.send({ topic: stream.sink, messages: [{ value: 'foreign', partition: 1 }] })
      const told: object[] = []
      const question = {
        bootstrapServers: target.bootstrapServers,
        app: stream.app,
        transactionWaitMs: 1_200,
        onWaiting: (open: object) => void told.push(open),
      }

      const error: unknown = await audit(question).catch((reason) => reason)
      await transaction.abort()
      await producer.disconnect()
      const { verdict } = await auditOf(stream)

      assertEndedBy(error, 'KAFKA_TRANSACTION_OPEN')
      const [{ producerId, offset, ...open }, ...others] = told as [Record<string, unknown>]
      assert.deepEqual([open, others], [{ topic: stream.sink, partition: 1, transactionalId }, []])
      assert.ok(Number(producerId) >= 0 && Number(offset) >= 0)
      const { message } = error as Error
      for (const word of [transactionalId, stream.sink, 'partition 1']) assert.ok(message.includes(word), message)
      assert.equal(verdict, 'proved')
    })

    it('finds parts that pretend to have left since, and are pending', async () => {
      const stream = await runOf([record('A', 0), record('A', 1)])
      await produceDeadLetter(stream, 'MERGE_TOO_LARGE', { partition: 1, offset: 0 })

      const { verdict, contradictions } = await auditOf(stream)

      assert.equal(verdict, 'wrong')
      assert.deepEqual(contradictions, {
        count: 1,
        first: [{ topic: stream.source, partition: 1, offset: 0, classes: ['pending', 'deadLettered'] }],
      })
    })

    it('takes no notice of an epoch whose manifest has not come yet', async () => {
      const stream = await runOf([...customers(1), record('A', 2)])
      await produce(target.kafka, stream.checkpointTopic, [
        { key: 'delta/0/999/0', value: Buffer.from([2, 0]) },
        { key: 'base/0/0', value: null },
      ])

      const { verdict } = await auditOf(stream)

      assert.equal(verdict, 'proved')
    })

    it('knows no application that has not committed an epoch', async () => {
      const stream = await target.stream()

      await assert.rejects(auditOf({ app: 'nobody' }), { code: 'APP_UNKNOWN' })
      await stream.run(customerTopology(stream))
      await assert.rejects(auditOf(stream), { code: 'APP_UNKNOWN' })
    })
  })

  describe('an audit of what was tampered with', () => {
    it('finds a merged record that somebody else has written once more', async () => {
      const stream = await runOf(customers(3))
      await produceMerges(stream, [1])

      const { verdict, contradictions, unclassified } = await auditOf(stream)

      assert.equal(verdict, 'wrong')
      assert.deepEqual(contradictions, {
        count: 2,
        first: [0, 1].map((offset) => ({
          topic: stream.source,
          partition: 1,
          offset,
          classes: ['emitted', 'emitted'],
        })),
      })
      assert.deepEqual(unclassified, nothing)
    })

    it('lists the first ten of many', async () => {
      const stream = await runOf(customers(10))
      await produceMerges(
        stream,
        Array.from({ length: 10 }, (_, id) => id),
      )

      const { contradictions } = await auditOf(stream)

      assert.deepEqual([contradictions.count, contradictions.first.length], [20, 10])
    })

    it('tells a sink that was deleted and created again', async () => {
      const stream = await runOf(customers(4))
      await recreateSink(stream)

      const { verdict, contradictions, unclassified, removedFrom, recreated } = await auditOf(stream)

      assert.deepEqual([verdict, contradictions, unclassified], ['unproved', nothing, nothing])
      assert.deepEqual([removedFrom, recreated], [[stream.sink], [stream.sink]])
    })

    it('finds a merged record that is gone from a sink that seems to be the one it was', async () => {
      const stream = await runOf([...customers(4), record('A', filteredFrom)])
      await recreateSink(stream)
      await produceMerges(stream, [0, 1, 3])

      const { verdict, contradictions, unclassified, miscounts } = await changeManifest(stream, (manifest) => {
        delete manifest.outputIds
      })

      assert.equal(verdict, 'wrong')
      assert.deepEqual(contradictions, nothing)
      // Of customer 2; what was filtered is not known from it.
      const places = [2, 3, 4].map((offset) => ({ topic: stream.source, partition: 0, offset }))
      assert.deepEqual(unclassified, { count: 2, first: places })
      assert.deepEqual(miscounts, [{ topic: stream.source, partition: 0, class: 'emitted', counted: 4, found: 2 }])
    })

    it('finds an offset that is merged and a dead letter', async () => {
      const stream = await runOf([...customers(2), { value: 'not json' }])
      await produceDeadLetter(stream, 'NOT_JSON', { partition: 0, offset: 1 })

      const { verdict, contradictions } = await auditOf(stream)

      assert.equal(verdict, 'wrong')
      assert.deepEqual(contradictions.first, [
        { topic: stream.source, partition: 0, offset: 1, classes: ['emitted', 'deadLettered'] },
      ])
    })

    it('finds a merged record of pending parts', async () => {
      const stream = await runOf([record('A', 0), record('B', 2)])
      await produceMerges(stream, [0])

      const { verdict, contradictions } = await auditOf(stream)

      assert.equal(verdict, 'wrong')
      assert.equal(contradictions.count, 2)
    })

    it('finds an account whose numbers were changed, whether they add up or not', async () => {
      const stream = await runOf(customers(3))
      const changed = await changeManifest(stream, ({ totals }) => {
        totals['emitted']![0]!--
        totals['filtered']![0]!++
      })
      assert.equal(changed.verdict, 'wrong')
      assert.deepEqual(changed.miscounts, [
        { topic: stream.source, partition: 0, class: 'emitted', counted: 3, found: 4 },
      ])
      assert.deepEqual(changed.unbalanced, [])

      const unbalanced = await changeManifest(stream, ({ totals }) => totals['filtered']![0]!--)
      assert.deepEqual([unbalanced.verdict, unbalanced.unbalanced], ['wrong', [{ topic: stream.source, partition: 0 }]])
    })

    it('says that it cannot prove what has been removed from the sink', async () => {
      const stream = await runOf(customers(20))
      const { partition, offset } = (await stream.merged())[0]!
      await target.deleteRecords(stream.sink, { [partition]: offset + 1 })

      const { verdict, unclassified, removedFrom } = await auditOf(stream)

      assert.equal(verdict, 'unproved')
      assert.deepEqual(unclassified, nothing)
      assert.deepEqual(removedFrom, [stream.sink])
    })

    it('says so of dead letters and of a sink that is gone', async () => {
      const stream = await runOf([...customers(2), { value: 'not json' }])
      await target.deleteRecords(stream.deadLetterTopic, [1])
      await target.admin.deleteTopics({ topics: [stream.sink] })

      const { verdict, removedFrom } = await auditOf(stream)

      assert.equal(verdict, 'unproved')
      assert.deepEqual(removedFrom, [stream.sink, stream.deadLetterTopic])
    })

    it('needs no records of the source to prove a run in which nothing was skipped', async () => {
      const stream = await runOf(customers(4))
      await target.deleteRecords(stream.source, [4])

      const { verdict, removedFrom } = await auditOf(stream)

      assert.deepEqual([verdict, removedFrom], ['proved', [stream.source]])
    })

    it('tells which pending parts are gone with a source that was deleted and created again', async () => {
      const stream = await runOf([...customers(2), record('A', 2), record('A', 4), record('A', 5)])
      await target.deleteTopic(stream.source)
      await target.admin.createTopics({ topics: [{ topic: stream.source, numPartitions: 2 }] })

      const { verdict, recreated, goneParts } = await auditOf(stream)

      const place = (partition: number) => ({ topic: stream.source, partition })
      assert.deepEqual([verdict, recreated], ['proved', [stream.source]])
      assert.deepEqual(goneParts, [
        { ...place(0), count: 2 },
        { ...place(1), count: 1 },
      ])
    })

    it('counts the records of others in the topics of the application, and goes on', async () => {
      const stream = await runOf(customers(2))
      const ofOneSide = { 'millrace.origins': Buffer.from([0, 0]) }
      await produce(target.kafka, stream.sink, [
        { value: 'a' },
        { value: 'b', headers: ofOneSide },
        { value: null, headers: { 'millrace.origins': 'abc' } },
      ])
      await produce(target.kafka, stream.deadLetterTopic, [{ value: 'c', headers: { 'millrace.reason': 'DUPLICATE' } }])

      const { verdict, foreignRecords } = await auditOf(stream)

      assert.deepEqual([verdict, foreignRecords], ['proved', 4])
    })
  })

  async function recreateSink({ sink }: Stream): Promise<void> {
    await target.admin.deleteTopics({ topics: [sink] })
    await target.admin.createTopics({ topics: [{ topic: sink, numPartitions: 3 }] })
  }

  async function runOf(records: readonly SourceRecord[]): Promise<Stream> {
    const stream = await target.stream()
    await stream.produce(records)
    await stream.run(customerTopology(stream, sideA))
    return stream
  }

  /** Writes records in a transaction that aborts, and in one that commits. */
  async function produceInTransactions(stream: Stream, records: readonly SourceRecord[]): Promise<void> {
    const transactionalId = `${stream.app}-source`
    const producer = target.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const outcome of ['abort', 'commit'] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: stream.source, messages: toMessages(records) })
      await transaction[outcome]()
    }
    await producer.disconnect()
    await stream.whenStable()
  }

  /**
   * Writes merged records of customers as the program would, were both their parts the next ones of their partition.
   */
  function produceMerges({ sink }: Stream, ids: readonly number[]): Promise<void> {
    const merges = ids.map((id) => {
      const [partition, offset] = [id % 2, 2 * Math.floor(id / 2)]
      // Zigzag varints, which are one byte up to 63.
      const origins = Buffer.from([partition, offset, partition, offset + 1].map((number) => 2 * number))
      return { value: mergeOf(id), key: String(id), headers: { 'millrace.origins': origins } }
    })
    return produce(target.kafka, sink, merges)
  }

  function produceDeadLetter(
    { deadLetterTopic, source }: Stream,
    reason: string,
    { partition, offset }: { partition: number; offset: number },
  ): Promise<void> {
    const headers = {
      'millrace.reason': reason,
      'millrace.topic': source,
      'millrace.partition': String(partition),
      'millrace.offset': String(offset),
    }
    return produce(target.kafka, deadLetterTopic, [{ value: null, headers }])
  }

  /** Audits with another manifest, and puts the right one back. */
  async function changeManifest(stream: Stream, change: (manifest: ChangeableManifest) => void): Promise<AuditReport> {
    const records = await readTopic(target.bootstrapServers, stream.checkpointTopic)
    const value = records.findLast(({ key }) => key === 'manifest')!.value!
    const manifest: ChangeableManifest = JSON.parse(value)
    change(manifest)
    await produce(target.kafka, stream.checkpointTopic, [{ key: 'manifest', value: JSON.stringify(manifest) }])
    const report = await auditOf(stream)
    await produce(target.kafka, stream.checkpointTopic, [{ key: 'manifest', value }])
    return report
  }
}

/** A cluster at which something happens between the reading of the checkpoint and the first look at the sink. */
class LateCluster extends Cluster implements AsyncDisposable {
  readonly #sink: string
  #happen: (() => Promise<void>) | undefined

  constructor(bootstrapServers: string, sink: string, happen: () => Promise<void>) {
    super({ bootstrapServers })
    this.#sink = sink
    this.#happen = happen
  }

  override async topics(names: readonly string[]): Promise<Topic[]> {
    const happen = names.includes(this.#sink) ? this.#happen : undefined
    if (happen !== undefined) this.#happen = undefined
    await happen?.()
    return super.topics(names)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

if (import.meta.main) onEachBroker([audits])
