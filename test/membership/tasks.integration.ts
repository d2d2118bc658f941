import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { listGroupMembers, type TaskProtocol } from '../../src/kafka/index.ts'
import { atCluster } from '../integration/at-cluster.ts'
import { until } from '../until.ts'
import { ChildTaskMember, type TaskMemberSettings } from './child-task-member.ts'
import { onEachBroker, type Target } from './target.ts'

export const taskCount = 12

/** What several processes that share tasks may expect, whatever protocol their group speaks. */
export function tasksSuite(target: Target): void {
  for (const protocol of ['streams', 'consumer', 'classic'] as const) {
    describe(`processes that share tasks by the ${protocol} protocol`, () => {
      const settings = async () => settingsOf(target, protocol)

      it('have as many as the others while they come and go', async () => {
        const common = await settings()
        const members: ChildTaskMember[] = []
        for (let count = 1; count <= 4; count++) {
          members.push(await ChildTaskMember.join(common))
          await haveShared(members)
        }
        await areListed(target, common, members)

        const [left, ...others] = members
        await left!.leave()
        await haveShared(others)

        assert.deepEqual(
          others.map(({ stopCount }) => stopCount),
          [0, 0, 0],
        )
        for (const member of others) await member.leave()
      })

      it('go on with the tasks of one of their host that is killed, at once', async (t) => {
        const common = await settings()
        const members = [await ChildTaskMember.join(common), await ChildTaskMember.join(common)]
        await haveShared(members)

        await assertTakenOver(t, members[0]!, members[1]!)

        await members[1]!.leave()
      })

      it('share them again after the broker has crashed', async () => {
        const common = await settings()
        const members = [await ChildTaskMember.join(common), await ChildTaskMember.join(common)]
        await haveShared(members)

        await target.restart()
        const third = await ChildTaskMember.join(common)
        await haveShared([...members, third])

        assert.deepEqual(
          members.flatMap(({ events }) => events.filter(({ kind }) => kind === 'lost')),
          [],
        )
        for (const member of [...members, third]) await member.leave()
      })
    })
  }

  it('a member of its own choice speaks what the others of its group do', async () => {
    const common = await settingsOf(target, 'consumer')
    const { protocol: _, ...open } = common
    const first = await ChildTaskMember.join(common)
    const second = await ChildTaskMember.join(open)
    await haveShared([first, second])

    const degraded = second.events.flatMap((event) => (event.kind === 'degraded' ? event.sentence : []))
    assert.equal(second.joined!.protocol, 'consumer')
    assert.match(degraded.join(), /joined by the consumer protocol: .*GROUP_ID_NOT_FOUND/)
    for (const member of [first, second]) await member.leave()
  })
}

/** Kills one member; another one on its host has its tasks long before its session would be over. */
async function assertTakenOver(t: TestContext, killed: ChildTaskMember, other: ChildTaskMember): Promise<void> {
  await killed.kill()
  const killedMs = systemClock.monotonicMs()
  await haveShared([other])
  const tookMs = systemClock.monotonicMs() - killedMs

  t.diagnostic(`its tasks went on ${Math.round(tookMs)} ms after it was killed`)
  assert.ok(tookMs < 15_000, `${tookMs} ms`)
}

/** Resolves once each task is some member's, and none has two more than another. */
export function haveShared(members: readonly ChildTaskMember[]): Promise<unknown> {
  const told = () => members.map(({ tasks }) => tasks.join()).join(' | ')
  return until(`all tasks are shared, not ${told()}`, () => {
    const counts = members.map(({ tasks }) => tasks.length)
    const all = members.flatMap(({ tasks }) => tasks)
    const isWhole = all.length === taskCount && new Set(all).size === taskCount
    return isWhole && Math.max(...counts) - Math.min(...counts) <= 1
  })
}

/** Resolves once whoever asks the group is told the tasks of each of these members. */
async function areListed(
  { bootstrapServers }: Pick<Target, 'bootstrapServers'>,
  { group, topics }: Pick<TaskMemberSettings, 'group' | 'topics'>,
  members: readonly ChildTaskMember[],
): Promise<void> {
  await atCluster({ bootstrapServers }, (cluster) =>
    until('the group tells who has which tasks', async () => {
      const listed = await listGroupMembers(cluster, group, topics.tasks)
      const told = new Map(listed?.map(({ name, pid, owned }) => [name, `${pid} ${owned.join()}`]))
      return members.every(({ joined, pid, tasks }) => {
        return told.get(joined!.memberId) === `${pid} ${tasks.toSorted((a, b) => a - b).join()}`
      })
    }),
  )
}

async function settingsOf(target: Pick<Target, 'bootstrapServers' | 'newTasks'>, protocol: TaskProtocol) {
  const { group, topics } = await target.newTasks(taskCount)
  return {
    cluster: { bootstrapServers: target.bootstrapServers },
    group,
    topics,
    protocol,
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs: 500,
    giveUpMsMax: 10_000,
    maxStallMs: 10_000,
  }
}

if (import.meta.main) onEachBroker([tasksSuite])
