import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { startBroker } from '../../broker/index.ts'
import { seededRandom } from '../../core/random.ts'
import { Cluster } from '../cluster/cluster.ts'
import { removeDeadMembers } from './dead-members.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { currentProcess, newInstanceId } from './process-identity.ts'
import { encodeSubscription, newcomer } from './subscription.ts'

const group = 'app'
const sessionTimeoutMs = 45_000

describe('removeDeadMembers', () => {
  it('removes those of its host whose processes have ended, and nobody else', async () => {
    await using broker = await startBroker()
    const { bootstrapServers } = broker
    const random = seededRandom(1)
    const ended = spawnSync('true').pid
    const self = newInstanceId(currentProcess(), random)
    const brother = newInstanceId(currentProcess(), random)
    const dead = newInstanceId({ ...currentProcess(), pid: ended }, random)
    const deadElsewhere = newInstanceId({ ...currentProcess('elsewhere'), pid: ended }, random)
    const members = [self, brother, dead, deadElsewhere, 'pod-1'].map((instanceId) =>
      join(bootstrapServers, instanceId),
    )
    const cluster = new Cluster({ bootstrapServers })
    const coordinator = new GroupCoordinator({ cluster, group, sessionTimeoutMs })
    let present: string[] = []
    while (present.length < members.length) present = await coordinator.names()

    const looking = removeDeadMembers({ cluster, roster: coordinator, instanceId: self, intervalMs: 20 })
    while (present.includes(dead)) present = await coordinator.names()

    assert.deepEqual(present.sort(), [self, brother, deadElsewhere, 'pod-1'].sort())
    for (const member of [cluster, ...members]) await member.close()
    await looking
  })
})

/** A member that waits for the others, on a connection of its own. */
function join(bootstrapServers: string, instanceId: string): Cluster {
  const cluster = new Cluster({ bootstrapServers })
  const coordinator = new GroupCoordinator({ cluster, group, sessionTimeoutMs })
  coordinator.join('', instanceId, encodeSubscription('app.checkpoint', newcomer)).catch(() => {})
  return cluster
}
