import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { findCoordinator, offsetCommit, offsetFetch, PauseClock, ScriptedBroker } from '../../test/kafka-peer/index.ts'
import { Cluster } from './cluster.ts'
import { commitOffsets, fetchGroupOffsets } from './offset-store.ts'

const coordinatorNotAvailable = 15
const notCoordinator = 16
const groupAuthorizationFailed = 30
const unstableOffsetCommit = 88

describe('commitOffsets', () => {
  it('commits to the coordinator of the group, as nobody in particular', async (t) => {
    const { cluster, coordinator } = await start(t)
    const committed = commitOffsets(cluster, 'group', 'orders', [5, 2 ** 40])

    const { request, answer } = await coordinator.take(offsetCommit)
    answer(answers(0, 0))
    await committed

    const { groupId, generationId, memberId, topics } = request
    assert.deepEqual({ groupId, generationId, memberId }, { groupId: 'group', generationId: -1, memberId: '' })
    assert.equal(topics[0]!.name, 'orders')
    assert.deepEqual(
      topics[0]!.partitions.map(({ partitionIndex, offset }) => ({ partitionIndex, offset })),
      [
        { partitionIndex: 0, offset: 5 },
        { partitionIndex: 1, offset: 2 ** 40 },
      ],
    )
  })

  it('looks for the coordinator again while it moves', async (t) => {
    const { clock, cluster, coordinator } = await start(t)
    const committed = commitOffsets(cluster, 'group', 'orders', [5])

    ;(await coordinator.take(offsetCommit)).answer(answers(notCoordinator))
    await clock.passPause()
    const search = await coordinator.take(findCoordinator)
    search.answer({ coordinators: [{ ...placeOf(coordinator), errorCode: coordinatorNotAvailable }] })
    await clock.passPause()
    ;(await coordinator.take(findCoordinator)).answer({ coordinators: [placeOf(coordinator)] })
    ;(await coordinator.take(offsetCommit)).answer(answers(0))

    await committed
  })

  it('fails when one partition is refused for good', async (t) => {
    const { cluster, coordinator } = await start(t)
    const refused = assert.rejects(commitOffsets(cluster, 'group', 'orders', [5, 6]), {
      code: 'KAFKA_REFUSED',
      message: 'committing offsets of group "group": GROUP_AUTHORIZATION_FAILED',
    })

    ;(await coordinator.take(offsetCommit)).answer(answers(0, groupAuthorizationFailed))

    await refused
  })

  it('fails when nobody may know the coordinator', async (t) => {
    const { broker, cluster, coordinator } = await start(t)
    broker.serve(findCoordinator, () => ({
      coordinators: [{ ...placeOf(coordinator), errorCode: groupAuthorizationFailed }],
    }))

    await assert.rejects(commitOffsets(cluster, 'group', 'orders', [5]), {
      code: 'KAFKA_REFUSED',
      message: 'committing offsets of group "group": GROUP_AUTHORIZATION_FAILED',
    })
  })
})

describe('fetchGroupOffsets', () => {
  it('reads what each partition has, once no open transaction can change it', async (t) => {
    const { clock, cluster, coordinator } = await start(t)
    const read = fetchGroupOffsets(cluster, 'group', 'orders', 3, { requireStable: true })
    const partitions = [
      { partitionIndex: 2, committedOffset: 2 ** 40, errorCode: 0 },
      { partitionIndex: 0, committedOffset: 0, errorCode: 0 },
      { partitionIndex: 1, committedOffset: -1, errorCode: 0 },
    ]
    const answer = (errorCode: number) => ({
      groups: [
        { groupId: 'group', topics: [{ name: 'orders', partitions: partitions.map((p) => ({ ...p, errorCode })) }] },
      ],
    })

    const first = await coordinator.take(offsetFetch)
    first.answer(answer(unstableOffsetCommit))
    await clock.passPause()
    ;(await coordinator.take(findCoordinator)).answer({ coordinators: [placeOf(coordinator)] })
    ;(await coordinator.take(offsetFetch)).answer(answer(0))

    assert.deepEqual(await read, [0, undefined, 2 ** 40])
    assert.equal(first.request.requireStable, true)
    assert.deepEqual(first.request.groups[0]!.topics![0]!.partitionIndexes, [0, 1, 2])
  })
})

function placeOf({ nodeId, host, port }: ScriptedBroker) {
  return { key: 'group', nodeId, host, port, errorCode: 0, errorMessage: null }
}

function answers(...errorCodes: number[]) {
  const partitions = errorCodes.map((errorCode, partitionIndex) => ({ partitionIndex, errorCode }))
  return { topics: [{ name: 'orders', partitions }] }
}

/** A broker, and another one that coordinates the group. */
async function start(t: TestContext) {
  const broker = await ScriptedBroker.start(1)
  const coordinator = await ScriptedBroker.start(2)
  broker.serve(findCoordinator, () => ({ coordinators: [placeOf(coordinator)] }))
  const clock = new PauseClock()
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers, clock })
  t.after(async () => {
    await cluster.close()
    await broker[Symbol.asyncDispose]()
    await coordinator[Symbol.asyncDispose]()
  })
  return { broker, clock, cluster, coordinator }
}
