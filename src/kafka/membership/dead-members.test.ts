import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { until } from '../../../test/until.ts'
import { startBroker } from '../../broker/index.ts'
import { seededRandom } from '../../core/random.ts'
import { Cluster } from '../cluster/cluster.ts'
import { removeDeadMembers, type Roster } from './dead-members.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { currentProcess, newInstanceId } from './process-identity.ts'
import { encodeSubscription, newcomer } from './subscription.ts'

const group = 'app'
const sessionTimeoutMs = 45_000
const withoutProc = existsSync('/proc/self/stat') ? false : 'this system has no /proc'

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

    for (const member of [cluster, ...members]) await member.close()
    await looking

    assert.deepEqual(present.sort(), [self, brother, deadElsewhere, 'pod-1'].sort())
  })

  it('asks the group only where somebody has joined or has ended', { skip: withoutProc }, async (t) => {
    await using broker = await startBroker()
    const { bootstrapServers } = broker
    const random = seededRandom(1)
    const neighbour = spawn('sleep', ['600'])
    t.after(() => neighbour.kill('SIGKILL'))
    const self = newInstanceId(currentProcess(), random)
    const startedAt = Number(readFileSync(`/proc/${neighbour.pid}/stat`, 'utf8').split(' ')[21])
    const other = newInstanceId({ ...currentProcess(), pid: neighbour.pid!, startedAt }, random)
    const members = [self, other].map((instanceId) => join(bootstrapServers, instanceId))
    const cluster = new Cluster({ bootstrapServers })
    const coordinator = new GroupCoordinator({ cluster, group, sessionTimeoutMs })
    await until('both have joined', async () => (await coordinator.names()).length === members.length)
    let asked = 0
    const roster: Roster = {
      names: () => {
        asked++
        return coordinator.names()
      },
      remove: (names, reason) => coordinator.remove(names, reason),
    }
    /** How often the group had been asked, at each look at who has joined; before the fourth somebody has. */
    const askedBefore: number[] = []
    const joins = () => (askedBefore.push(asked) < 4 ? 1 : 2)

    const looking = removeDeadMembers({ cluster, roster, instanceId: self, intervalMs: 20, joins })
    await until('it has looked often enough', () => askedBefore.length >= 8)
    neighbour.kill('SIGKILL')
    await once(neighbour, 'exit')
    await until('the neighbour is out', async () => !(await coordinator.names()).includes(other))
    for (const member of [cluster, ...members]) await member.close()
    await looking

    assert.deepEqual(askedBefore.slice(0, 8), [0, 1, 1, 1, 1, 2, 2, 2])
  })
})

/** A member that waits for the others, on a connection of its own. */
function join(bootstrapServers: string, instanceId: string): Cluster {
  const cluster = new Cluster({ bootstrapServers })
  const coordinator = new GroupCoordinator({ cluster, group, sessionTimeoutMs })
  coordinator.join('', instanceId, encodeSubscription('app.checkpoint', newcomer)).catch(() => {})
  return cluster
}
