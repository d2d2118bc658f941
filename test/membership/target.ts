import { describeGroups } from '../../src/protocol/index.ts'
import { randomUUID } from 'node:crypto'
import { before, describe } from 'node:test'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { Cluster, createTopics, type TaskTopics } from '../../src/kafka/index.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'
import { WireClient } from '../contract/wire-client.ts'
import { until } from '../until.ts'
import { suiteStack } from '../at-end.ts'
import { newTasks } from './new-tasks.ts'

/** A broker under test. */
export interface Target {
  readonly bootstrapServers: string
  /** The shortest session that the broker allows, for members that are to die in a test. */
  readonly sessionMsMin: number
  /** Resolves when such a session is over or, where time passes by itself, at once. */
  passSession(): Promise<void>
  /** Lets the broker crash and come back. */
  restart(): Promise<void>
  /** The name of a new group, with a topic of the same name. */
  newGroup(): Promise<string>
  /** The name of a new group, with topics for so many tasks. */
  newTasks(taskCount: number): Promise<{ group: string; topics: TaskTopics }>
  /**
   * Resolves with the member ids of a group once one has come, perhaps to wait for others, that is not among those
   * known.
   */
  whenJoined(group: string, known: readonly string[]): Promise<string[]>
}

export type Suite = (target: Target) => void

type RunningBroker = Omit<Target, 'newGroup' | 'newTasks' | 'whenJoined'> & AsyncDisposable

export function onEachBroker(suites: readonly Suite[]): void {
  onBroker('embedded broker', false, startEmbedded, suites)
  onBroker('Apache Kafka', skipWithoutJava, startReal, suites)
}

async function startEmbedded(): Promise<RunningBroker> {
  const broker: Broker = await startBroker()
  const sessionMsMin = 6_000
  return {
    bootstrapServers: broker.bootstrapServers,
    sessionMsMin,
    passSession: () => broker.advanceClock(sessionMsMin + 1_000),
    async restart() {
      await broker.suspend()
      await broker.resume()
    },
    [Symbol.asyncDispose]: () => broker.stop(),
  }
}

async function startReal(): Promise<RunningBroker> {
  const sessionMsMin = 1_000
  const kafka = await startQuickKafka({ properties: { 'group.min.session.timeout.ms': String(sessionMsMin) } })
  return {
    bootstrapServers: kafka.bootstrapServers,
    sessionMsMin,
    passSession: async () => {},
    async restart() {
      await kafka.kill()
      await kafka.restart()
    },
    [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
  }
}

function onBroker(
  name: string,
  skip: string | false,
  start: () => Promise<RunningBroker>,
  suites: readonly Suite[],
): void {
  void describe(name, { skip }, () => {
    let broker: RunningBroker
    let cluster: Cluster
    const stack = suiteStack()
    before(async () => {
      broker = stack.use(await start())
      cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
      stack.defer(() => cluster.close())
    })
    const target: Target = {
      get bootstrapServers() {
        return broker.bootstrapServers
      },
      get sessionMsMin() {
        return broker.sessionMsMin
      },
      passSession: () => broker.passSession(),
      restart: () => broker.restart(),
      async newGroup() {
        const name = `membership-${randomUUID()}`
        await createTopics(cluster, [{ name, partitionCount: 1 }])
        await cluster.topicWhenReady(name)
        return name
      },
      newTasks: (taskCount) => newTasks(cluster, taskCount),
      async whenJoined(group, known) {
        await using client = await WireClient.connect(broker.bootstrapServers)
        return await until('a member has come', async () => {
          const { groups } = await client.call(describeGroups, 5, { groups: [group] })
          const ids = groups[0]!.members.map(({ memberId }) => memberId)
          return ids.some((id) => !known.includes(id)) && ids
        })
      },
    }
    for (const suite of suites) suite(target)
  })
}
