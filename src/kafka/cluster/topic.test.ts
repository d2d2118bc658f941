import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCode } from '../../protocol/index.ts'
import { permissionsOf, topicOf } from './topic.ts'

type Described = NonNullable<Parameters<typeof topicOf>[1]>

const topicId = Buffer.from('0123456789abcdef').toString('base64url')

describe('topicOf', () => {
  it('has the partitions in their order, and the fewest replicas that one has', () => {
    const partitions = [partition(1, { leaderId: 2, replicaNodes: [2] }), partition(0, { replicaNodes: [1, 2] })]

    assert.deepEqual(topicOf('orders', described({ partitions })), {
      name: 'orders',
      id: '30313233-3435-3637-3839-616263646566',
      partitions: [
        { leader: 1, leaderEpoch: 7 },
        { leader: 2, leaderEpoch: 7 },
      ],
      replicaCount: 1,
    })
  })

  const { none, unknownTopicOrPartition, leaderNotAvailable, topicAuthorizationFailed } = errorCode
  const bad = {
    'is not named': { topic: undefined, code: 'KAFKA_TOPIC_MISSING' },
    'does not exist': { topic: described({ errorCode: unknownTopicOrPartition }), code: 'KAFKA_TOPIC_MISSING' },
    'may not be read': { topic: described({ errorCode: topicAuthorizationFailed }), code: 'KAFKA_REFUSED' },
    'has a partition without a leader': {
      topic: described({
        partitions: [partition(0, { errorCode: none }), partition(1, { errorCode: leaderNotAvailable })],
      }),
      code: 'KAFKA_UNAVAILABLE',
    },
  }
  for (const [what, { topic, code }] of Object.entries(bad)) {
    it(`refuses a topic that ${what}`, () => {
      assert.throws(() => topicOf('orders', topic), { code, details: { topic: 'orders' } })
    })
  }
})

describe('permissionsOf', () => {
  it('are those that the broker names', () => {
    const topic = described({ topicAuthorizedOperations: 0b1000 })

    assert.deepEqual(permissionsOf(topic), { exists: true, operations: 0b1000 })
  })

  it('tell what may be done with a topic that does not exist', () => {
    const topic = described({ errorCode: errorCode.unknownTopicOrPartition, topicAuthorizedOperations: 4 })

    assert.deepEqual(permissionsOf(topic), { exists: false, operations: 4 })
  })

  it('are none for a topic that may not be described', () => {
    const topic = described({ errorCode: errorCode.topicAuthorizationFailed, topicAuthorizedOperations: 4 })

    assert.deepEqual(permissionsOf(topic), { exists: false, operations: 0 })
    assert.deepEqual(permissionsOf(undefined), { exists: false, operations: 0 })
  })
})

function described(given: Partial<Described>): Described {
  const { none } = errorCode
  const topic = { errorCode: none, name: 'orders', topicId, isInternal: false, partitions: [partition(0)] }
  return { ...topic, topicAuthorizedOperations: 0, ...given }
}

function partition(partitionIndex: number, given: Partial<Described['partitions'][number]> = {}) {
  const replicas = { replicaNodes: [1], isrNodes: [1], offlineReplicas: [] }
  return { errorCode: errorCode.none, partitionIndex, leaderId: 1, leaderEpoch: 7, ...replicas, ...given }
}
