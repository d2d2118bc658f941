import { deleteRecords, fetch } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseBatches, recordBatch } from './batches.ts'
import { produceTo } from './exchange.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'

interface TopicNames {
  readonly name: string
  readonly id: string
}

interface SessionFetch {
  sessionId?: number
  sessionEpoch: number
  /** Offsets wanted, by partition. */
  wanted?: [partition: number, offset: number][]
  forgotten?: number[]
  version?: number
  maxWaitMs?: number
  maxBytes?: number
}

const byName = 12
const byId = 17

export function fetchSessionsContract(target: Target): void {
  describe('a fetch session', () => {
    /** Fetches and tells the session and, by partition, the values read or the error. */
    const fetchIn = async (
      client: WireClient,
      topic: TopicNames,
      {
        sessionId = 0,
        sessionEpoch,
        wanted = [],
        forgotten = [],
        version = byName,
        maxWaitMs = 0,
        maxBytes = 1_000_000,
      }: SessionFetch,
    ) => {
      const names = version >= 13 ? { topicId: topic.id } : { topic: topic.name }
      const partitions = wanted.map(([partition, fetchOffset]) => ({
        partition,
        fetchOffset,
        partitionMaxBytes: 1_000_000,
      }))
      const answer = await client.call(fetch, version, {
        maxWaitMs,
        minBytes: 1,
        maxBytes,
        isolationLevel: 0,
        sessionId,
        sessionEpoch,
        topics: partitions.length === 0 ? [] : [{ ...names, partitions }],
        forgottenTopicsData: forgotten.length === 0 ? [] : [{ ...names, partitions: forgotten }],
      })
      const told = answer.responses.flatMap((response) =>
        response.partitions.map(
          ({ partitionIndex, errorCode, records }) =>
            [
              partitionIndex,
              errorCode === 0 ? parseBatches(records).flatMap(({ values }) => values) : errorCode,
            ] as const,
        ),
      )
      return { errorCode: answer.errorCode, sessionId: answer.sessionId, told }
    }

    for (const version of [7, byName, byId]) {
      it(`tells only what is new, in version ${version}`, async () => {
        await using client = await target.connect()
        const topic = await target.createTopic({ partitions: 3 })
        await produceTo(client, topic, recordBatch(['a']), { partition: 1 })

        const offsets: [number, number][] = [
          [0, 0],
          [1, 0],
          [2, 0],
        ]
        const first = await fetchIn(client, topic, { sessionEpoch: 0, wanted: offsets, version })
        const { sessionId } = first
        const next = (sessionEpoch: number, more: Partial<SessionFetch> = {}) =>
          fetchIn(client, topic, { sessionId, sessionEpoch, version, ...more })

        assert.ok(sessionId > 0)
        assert.deepEqual(first.told, [
          [0, []],
          [1, ['a']],
          [2, []],
        ])
        const moved = await next(1, { wanted: [[1, 1]] })
        assert.deepEqual(moved, { errorCode: 0, sessionId, told: [] })
        await produceTo(client, topic, recordBatch(['b']), { partition: 2 })
        assert.deepEqual((await next(2, { maxWaitMs: 10_000 })).told, [[2, ['b']]])
      })
    }

    it('tells again and again the records of a partition that is not moved on', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['a']))

      const { sessionId } = await fetchIn(client, topic, { sessionEpoch: 0, wanted: [[0, 0]] })

      for (const sessionEpoch of [1, 2]) {
        assert.deepEqual((await fetchIn(client, topic, { sessionId, sessionEpoch })).told, [[0, ['a']]])
      }
    })

    it('tells that the start of a log has moved', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['a']))
      const { sessionId } = await fetchIn(client, topic, { sessionEpoch: 0, wanted: [[0, 1]] })

      const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 1 }] }]
      await client.call(deleteRecords, 2, { topics, timeoutMs: 10_000 })

      assert.deepEqual((await fetchIn(client, topic, { sessionId, sessionEpoch: 1 })).told, [[0, []]])
      assert.deepEqual((await fetchIn(client, topic, { sessionId, sessionEpoch: 2 })).told, [])
    })

    it('tells of an error every time, and when it is over', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const { sessionId } = await fetchIn(client, topic, { sessionEpoch: 0, wanted: [[0, 7]] })
      const next = (sessionEpoch: number, wanted: [number, number][] = []) =>
        fetchIn(client, topic, { sessionId, sessionEpoch, wanted })

      assert.deepEqual((await next(1)).told, [[0, 1]])
      assert.deepEqual((await next(2)).told, [[0, 1]])
      assert.deepEqual((await next(3, [[0, 0]])).told, [[0, []]])
      assert.deepEqual((await next(4)).told, [])
    })

    it('takes partitions in and lets them go', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ partitions: 2 })
      for (const partition of [0, 1]) await produceTo(client, topic, recordBatch(['a']), { partition })
      const { sessionId } = await fetchIn(client, topic, { sessionEpoch: 0, wanted: [[0, 0]] })

      const added = await fetchIn(client, topic, { sessionId, sessionEpoch: 1, wanted: [[1, 0]] })
      const left = await fetchIn(client, topic, { sessionId, sessionEpoch: 2, forgotten: [0] })
      const ended = await fetchIn(client, topic, { sessionId, sessionEpoch: 3, forgotten: [1] })
      const after = await fetchIn(client, topic, { sessionId, sessionEpoch: 4 })

      assert.deepEqual(new Set(added.told.map(([partition]) => partition)), new Set([0, 1]))
      assert.deepEqual(left.told, [[1, ['a']]])
      assert.deepEqual(ended, { errorCode: 0, sessionId: 0, told: [] })
      assert.equal(after.errorCode, 70)
    })

    it('reads last the partitions that gave records last', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ partitions: 2 })
      for (const partition of [0, 1]) await produceTo(client, topic, recordBatch(['a']), { partition })
      const wanted: [number, number][] = [
        [0, 0],
        [1, 0],
      ]
      const { sessionId } = await fetchIn(client, topic, { sessionEpoch: 0, wanted, maxBytes: 1 })

      const told = []
      for (const sessionEpoch of [1, 2, 3]) {
        told.push(...(await fetchIn(client, topic, { sessionId, sessionEpoch, maxBytes: 1 })).told)
      }

      const partitions = told.filter(([, values]) => Array.isArray(values) && values.length > 0).map(([index]) => index)
      assert.deepEqual(
        partitions.slice(1),
        partitions.slice(0, -1).map((index) => 1 - index),
      )
      assert.equal(partitions.length, 3)
    })

    it('refuses an epoch that is not the next', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const { sessionId } = await fetchIn(client, topic, { sessionEpoch: 0, wanted: [[0, 0]] })

      const refused = await fetchIn(client, topic, { sessionId, sessionEpoch: 2 })
      const goesOn = await fetchIn(client, topic, { sessionId, sessionEpoch: 1 })
      const repeated = await fetchIn(client, topic, { sessionId, sessionEpoch: 1 })

      assert.deepEqual(refused, { errorCode: 71, sessionId: 0, told: [] })
      assert.deepEqual([goesOn.errorCode, repeated.errorCode], [0, 71])
    })

    it('refuses names where it began with ids, and ids where it began with names', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      for (const [first, other] of [
        [byName, byId],
        [byId, byName],
      ] as const) {
        const begun = await fetchIn(client, topic, { sessionEpoch: 0, wanted: [[0, 0]], version: first })
        const { sessionId } = begun
        assert.equal((await fetchIn(client, topic, { sessionId, sessionEpoch: 1, version: other })).errorCode, 106)
      }
    })

    it('ends when a fetch names all partitions again', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const begin = () => fetchIn(client, topic, { sessionEpoch: 0, wanted: [[0, 0]] })
      const [first, second] = [await begin(), await begin()]

      const renewed = await fetchIn(client, topic, {
        sessionId: first.sessionId,
        sessionEpoch: 0,
        wanted: [[0, 0]],
      })
      const closed = await fetchIn(client, topic, {
        sessionId: second.sessionId,
        sessionEpoch: -1,
        wanted: [[0, 0]],
      })

      assert.notEqual(renewed.sessionId, first.sessionId)
      assert.equal(closed.sessionId, 0)
      for (const { sessionId } of [first, second]) {
        assert.equal((await fetchIn(client, topic, { sessionId, sessionEpoch: 1 })).errorCode, 70)
      }
    })
  })
}
