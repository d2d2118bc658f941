/** What only Apache Kafka can show: its own tool, and sessions that end while the processes are stopped. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../src/core/clock.ts'
import { Cluster } from '../../src/kafka/index.ts'
import { quickJava } from '../../tools/kafka/quick-java.ts'
import type { Kafka } from '../../tools/kafka/start.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'
import { suiteStack } from '../at-end.ts'
import { until } from '../until.ts'
import { ChildTaskMember } from './child-task-member.ts'
import { newTasks } from './new-tasks.ts'
import { haveShared, taskCount } from './tasks.integration.ts'

/** The least that Kafka's heartbeats of 5 seconds leave room for. */
const sessionMs = 6_000
const properties = Object.fromEntries(
  ['consumer', 'streams'].flatMap((type) => [
    [`group.${type}.session.timeout.ms`, String(sessionMs)] as const,
    [`group.${type}.min.session.timeout.ms`, String(sessionMs)] as const,
  ]),
)

describe('processes that share tasks on Apache Kafka', { skip: skipWithoutJava }, () => {
  let kafka: Kafka
  let cluster: Cluster
  const stack = suiteStack()
  before(async () => {
    kafka = stack.use(await startQuickKafka({ properties }))
    cluster = new Cluster({ bootstrapServers: kafka.bootstrapServers })
    stack.defer(() => cluster.close())
  })

  const settings = async () => ({
    cluster: { bootstrapServers: kafka.bootstrapServers },
    ...(await newTasks(cluster, taskCount)),
    sessionTimeoutMs: sessionMs,
    heartbeatIntervalMs: 500,
    giveUpMsMax: 10_000,
    maxStallMs: 10_000,
  })

  it('are shown with their tasks by the tool of streams groups', async () => {
    const common = await settings()
    await using first = await ChildTaskMember.join({ ...common, hostId: 'first', standbyCount: 1 })
    await using second = await ChildTaskMember.join({ ...common, hostId: 'second', standbyCount: 1 })
    await haveShared([first, second])
    const half = taskCount / 2
    await until('each has copies', () => [first, second].every(({ standbys }) => standbys.length === half))

    const told = await describeMembers(kafka.bootstrapServers, common.group)

    for (const { joined, tasks, standbys } of [first, second]) {
      const line = told.split('\n').find((each) => each.includes(joined!.memberId))
      assert.equal(joined!.protocol, 'streams')
      assert.ok(line?.includes(`ACTIVE: 0:[${ascending(tasks)}]; STANDBY: 0:[${ascending(standbys)}];`), told)
    }
  })

  for (const protocol of ['streams', 'consumer', 'classic'] as const) {
    it(`of a ${protocol} group that are stopped for longer than a session stop all work before they join anew`, async (t) => {
      const common = { ...(await settings()), protocol }
      const members: ChildTaskMember[] = []
      for (let count = 0; count < 3; count++) members.push(await ChildTaskMember.join(common))
      await haveShared(members)
      const [zombie, ...others] = members

      zombie!.signal('SIGSTOP')
      const stoppedMs = systemClock.monotonicMs()
      await haveShared(others)
      t.diagnostic(`others had its tasks after ${Math.round(systemClock.monotonicMs() - stoppedMs)} ms`)
      zombie!.signal('SIGCONT')
      await until('it has stopped its work', () => zombie!.stopCount > 0)
      await haveShared(members)

      assert.deepEqual(
        others.map(({ stopCount }) => stopCount),
        [0, 0],
      )
      for (const member of members) await member.leave()
    })
  }
})

async function describeMembers(bootstrapServers: string, group: string): Promise<string> {
  const tool = 'org.apache.kafka.tools.streams.StreamsGroupCommand'
  const options = ['--bootstrap-server', bootstrapServers, '--describe', '--group', group, '--members']
  const { stdout } = await promisify(execFile)('java', [...(await quickJava()), tool, ...options])
  return stdout
}

function ascending(tasks: readonly number[]): string {
  return tasks.toSorted((a, b) => a - b).join()
}
