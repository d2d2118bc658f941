import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { findCoordinator, offsetFetch, PauseClock, ScriptedBroker } from '../../../test/kafka-peer/index.ts'
import { Cluster } from '../cluster/cluster.ts'
import { fetchGroupOffsets } from './group-offsets.ts'

const coordinatorNotAvailable = 15
const notCoordinator = 16
const groupAuthorizationFailed = 30
const unstableOffsetCommit = 88

describe('fetchGroupOffsets', () => {
  it('reads what each partition has', async (t) => {
    const { cluster, coordinator } = await start(t)
    const read = fetchGroupOffsets(cluster, 'group', 'orders', 3, { requireStable: false })

    const { request, answer } = await coordinator.take(offsetFetch)
    answer(commits([2, 2 ** 40], [0, 0], [1, -1]))

    assert.deepEqual(await read, [0, undefined, 2 ** 40])
    assert.equal(request.requireStable, false)
    assert.deepEqual(request.groups[0]!.topics![0]!.partitionIndexes, [0, 1, 2])
  })

  it('waits until no open transaction can change it', async (t) => {
    const { clock, cluster, coordinator } = await start(t)
    const read = fetchGroupOffsets(cluster, 'group', 'orders', 1, { requireStable: true })

    const first = await coordinator.take(offsetFetch)
    first.answer(commits([0, 5, unstableOffsetCommit]))
    await clock.passPause()
    ;(await coordinator.take(offsetFetch)).answer(commits([0, 6]))

    assert.deepEqual(await read, [6])
    assert.equal(first.request.requireStable, true)
  })

  it('looks for the coordinator again while it moves', async (t) => {
    const { clock, cluster, coordinator } = await start(t)
    const read = fetchGroupOffsets(cluster, 'group', 'orders', 1, { requireStable: false })

    ;(await coordinator.take(offsetFetch)).answer(commits([0, -1, notCoordinator]))
    await clock.passPause()
    const search = await coordinator.take(findCoordinator)
    search.answer({ coordinators: [{ ...placeOf(coordinator), errorCode: coordinatorNotAvailable }] })
    await clock.passPause()
    ;(await coordinator.take(findCoordinator)).answer({ coordinators: [placeOf(coordinator)] })
    ;(await coordinator.take(offsetFetch)).answer(commits([0, 5]))

    assert.deepEqual(await read, [5])
  })

  it('fails when one partition is refused for good', async (t) => {
    const { cluster, coordinator } = await start(t)
    const refused = assert.rejects(
      fetchGroupOffsets(cluster, 'group', 'orders', 2, { requireStable: false }),
      notAuthorized,
    )

    ;(await coordinator.take(offsetFetch)).answer(commits([0, 5], [1, -1, groupAuthorizationFailed]))

    await refused
  })

  it('fails when nobody may know the coordinator', async (t) => {
    const { broker, cluster, coordinator } = await start(t)
    broker.serve(findCoordinator, () => ({
      coordinators: [{ ...placeOf(coordinator), errorCode: groupAuthorizationFailed }],
    }))

    await assert.rejects(fetchGroupOffsets(cluster, 'group', 'orders', 1, { requireStable: false }), notAuthorized)
  })
})

const notAuthorized = {
  code: 'KAFKA_REFUSED',
  message: 'reading offsets of group "group": GROUP_AUTHORIZATION_FAILED',
}

function placeOf({ nodeId, host, port }: ScriptedBroker) {
  return { key: 'group', nodeId, host, port, errorCode: 0, errorMessage: null }
}

function commits(...all: [partitionIndex: number, committedOffset: number, errorCode?: number][]) {
  const partitions = all.map(([partitionIndex, committedOffset, errorCode = 0]) => ({
    partitionIndex,
    committedOffset,
    errorCode,
  }))
  return { groups: [{ groupId: 'group', topics: [{ name: 'orders', partitions }] }] }
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
