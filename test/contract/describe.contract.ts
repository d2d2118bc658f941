import {
  createAcls,
  deleteAcls,
  describeAcls,
  describeCluster,
  describeProducers,
  describeTransactions,
  endTxn,
  initProducerId,
  listTransactions,
  metadata,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { recordBatch, timestampMs } from './batches.ts'
import { newProducerId, produceTo } from './exchange.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

const timeoutMs = 50_000

interface Filter {
  states?: string[]
  producerIds?: number[]
  durationMs?: number
  pattern?: string
}

const anyAcl = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}

export function describeContract(target: Target): void {
  describe('ACLs', () => {
    it('are neither made nor told of where nothing heeds them', async () => {
      await using client = await target.connect()
      const topic = { resourceType: 2, resourceName: 'orders', resourcePatternType: 3 }
      const acl = { ...topic, principal: 'User:alice', host: '*', operation: 3, permissionType: 3 }

      const { results } = await client.call(createAcls, 3, { creations: [acl] })
      const { filterResults } = await client.call(deleteAcls, 3, { filters: [anyAcl] })
      const described = await client.call(describeAcls, 3, anyAcl)

      const errorMessage = 'No Authorizer is configured.'
      assert.deepEqual(results, [{ errorCode: 54, errorMessage }])
      assert.deepEqual(filterResults, [{ errorCode: 54, errorMessage, matchingAcls: [] }])
      assert.deepEqual([described.errorCode, described.resources], [54, []])
    })
  })

  /** Begins a transaction of version 2 with one record. */
  const begin = async (client: WireClient) => {
    const topic = await target.createTopic({ partitions: 2 })
    const transactionalId = topic.name
    const begun = await client.call(initProducerId, 5, { transactionalId, transactionTimeoutMs: timeoutMs })
    const { producerId, producerEpoch } = begun
    const batch = recordBatch(['a'], { producerId, producerEpoch, baseSequence: 0, isTransactional: true })
    const sent = await produceTo(client, topic, batch, { version: 12, transactionalId, partition: 1 })
    assert.deepEqual([begun.errorCode, sent.errorCode], [0, 0])
    return { topic, transactionalId, producerId, producerEpoch }
  }

  describe('DescribeCluster', () => {
    it('names the brokers in each of its versions', async () => {
      await using client = await target.connect()
      const { clusterId } = await client.call(metadata, 12, { topics: [] })

      for (let version = 0; version <= 2; version++) {
        const told = await client.call(describeCluster, version, { includeClusterAuthorizedOperations: false })
        const brokers = told.brokers.map(({ brokerId, host, port }) => `${brokerId} ${host}:${port}`)
        assert.deepEqual([told.errorCode, told.clusterId, told.controllerId], [0, clusterId, 1])
        assert.deepEqual(brokers, [`1 ${target.bootstrapServers}`])
        assert.equal(told.clusterAuthorizedOperations, -2147483648)
      }
    })

    it('says what a client may do when asked, and knows no controllers', async () => {
      await using client = await target.connect()

      const told = await client.call(describeCluster, 1, { includeClusterAuthorizedOperations: true })
      const asked = { includeClusterAuthorizedOperations: false, endpointType: 2 }
      const refused = await client.call(describeCluster, 1, asked)

      assert.equal(told.clusterAuthorizedOperations, 8096)
      assert.deepEqual([refused.errorCode, refused.brokers], [114, []])
    })
  })

  describe('DescribeTransactions', () => {
    it('describes an open transaction', async () => {
      await using client = await target.connect()
      const beforeMs = systemClock.nowMs()
      const { topic, transactionalId, producerId, producerEpoch } = await begin(client)

      const { transactionStates } = await client.call(describeTransactions, 0, { transactionalIds: [transactionalId] })

      const { transactionStartTimeMs, ...told } = transactionStates[0]!
      assert.deepEqual(told, {
        errorCode: 0,
        transactionalId,
        transactionState: 'Ongoing',
        transactionTimeoutMs: timeoutMs,
        producerId,
        producerEpoch,
        topics: [{ topic: topic.name, partitions: [1] }],
      })
      assert.ok(transactionStartTimeMs >= beforeMs && transactionStartTimeMs <= systemClock.nowMs())
    })

    it('describes what has been committed', async () => {
      await using client = await target.connect()
      const { topic: _, ...identity } = await begin(client)
      await client.call(endTxn, 5, { ...identity, committed: true })

      const { transactionState, producerEpoch, topics } = await until('the commit is complete', async () => {
        const asked = { transactionalIds: [identity.transactionalId] }
        const { transactionStates } = await client.call(describeTransactions, 0, asked)
        return transactionStates[0]!.transactionState !== 'PrepareCommit' && transactionStates[0]!
      })
      assert.deepEqual([transactionState, producerEpoch, topics], ['CompleteCommit', identity.producerEpoch + 1, []])
    })

    it('does not know every id', async () => {
      await using client = await target.connect()

      const { transactionStates } = await client.call(describeTransactions, 0, {
        transactionalIds: [`contract-${randomUUID()}`, ''],
      })

      assert.deepEqual(
        transactionStates.map(({ errorCode }) => errorCode),
        [105, 42],
      )
    })
  })

  describe('ListTransactions', () => {
    it('filters by state, producer, age and pattern', async () => {
      await using client = await target.connect()
      const { transactionalId, producerId } = await begin(client)
      const list = async (filter: Filter, version = 2) => {
        const { errorCode, unknownStateFilters, transactionStates } = await client.call(listTransactions, version, {
          stateFilters: filter.states ?? [],
          producerIdFilters: filter.producerIds ?? [],
          durationFilter: filter.durationMs ?? -1,
          transactionalIdPattern: filter.pattern ?? null,
        })
        assert.equal(errorCode, 0)
        const found = transactionStates.find((transaction) => transaction.transactionalId === transactionalId)
        return { unknownStateFilters, found }
      }
      const found = { transactionalId, producerId, transactionState: 'Ongoing' }

      for (let version = 0; version <= 2; version++) {
        assert.deepEqual(await list({}, version), { unknownStateFilters: [], found })
      }
      assert.deepEqual((await list({ states: ['Ongoing'], producerIds: [producerId] })).found, found)
      assert.equal((await list({ states: ['Empty'] })).found, undefined)
      assert.equal((await list({ producerIds: [producerId + 1_000_000] })).found, undefined)
      assert.equal((await list({ durationMs: 1_000_000 })).found, undefined)
      assert.deepEqual(await list({ states: ['Odd'] }), { unknownStateFilters: ['Odd'], found: undefined })
      assert.deepEqual((await list({ states: ['Odd', 'Ongoing'] })).found, found)
      assert.deepEqual((await list({ pattern: `${transactionalId.slice(0, -3)}.{3}` })).found, found)
      assert.equal((await list({ pattern: transactionalId.slice(0, -3) })).found, undefined)
    })

    it('refuses a pattern that is none', async () => {
      await using client = await target.connect()

      const none = { stateFilters: [], producerIdFilters: [] }
      const { errorCode } = await client.call(listTransactions, 2, { ...none, transactionalIdPattern: '(' })

      assert.equal(errorCode, 128)
    })
  })

  describe('DescribeProducers', () => {
    const describeAt = async (client: WireClient, name: string, partitionIndexes: number[]) => {
      const response = await client.call(describeProducers, 0, { topics: [{ name, partitionIndexes }] })
      return response.topics[0]!.partitions
    }

    it('knows what producers have sent', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const { producerId, producerEpoch } = await newProducerId(client)
      const batch = recordBatch(['a', 'b'], { producerId, producerEpoch, baseSequence: 0 })
      await produceTo(client, topic, batch)

      const [partition] = await describeAt(client, topic.name, [0])

      const common = { producerId, producerEpoch, lastTimestamp: timestampMs, currentTxnStartOffset: -1 }
      assert.deepEqual(partition, {
        partitionIndex: 0,
        errorCode: 0,
        errorMessage: null,
        activeProducers: [{ ...common, lastSequence: 1, coordinatorEpoch: -1 }],
      })
    })

    it('knows where open transactions begin', async () => {
      await using client = await target.connect()
      const { topic, producerId } = await begin(client)

      const partitions = await describeAt(client, topic.name, [0, 1, 2])

      assert.deepEqual(
        partitions.map(({ errorCode, activeProducers }) => [
          errorCode,
          activeProducers.map((producer) => [producer.producerId, producer.currentTxnStartOffset]),
        ]),
        [
          [0, []],
          [0, [[producerId, 0]]],
          [3, []],
        ],
      )
    })
  })
}
