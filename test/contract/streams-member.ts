import {
  incrementalAlterConfigs,
  streamsGroupHeartbeat,
  type RequestInputOf,
  type ResponseOf,
} from '../../src/protocol/index.ts'
import { randomUUID } from 'node:crypto'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

export type StreamsRequest = RequestInputOf<typeof streamsGroupHeartbeat>
type Answer = ResponseOf<typeof streamsGroupHeartbeat>
export type StreamsTopology = NonNullable<StreamsRequest['topology']>
type Subtopology = StreamsTopology['subtopologies'][number]
type Tasks = NonNullable<Answer['activeTasks']>

/** A topology of one subtopology. */
export function topologyOf(subtopology: Partial<Subtopology>): StreamsTopology {
  const nothing = {
    sourceTopics: [],
    sourceTopicRegex: [],
    stateChangelogTopics: [],
    repartitionSinkTopics: [],
    repartitionSourceTopics: [],
    copartitionGroups: [],
  }
  return { epoch: 0, subtopologies: [{ subtopologyId: '0', ...nothing, ...subtopology }] }
}

export function internalTopic(name: string, partitions = 0, config: Record<string, string> = {}) {
  const topicConfigs = Object.entries(config).map(([key, value]) => ({ key, value }))
  return { name, partitions, replicationFactor: 1, topicConfigs }
}

/** Has a group wait for nothing: neither for further joins nor between two assignments, where it would. */
export async function assignAtOnce(client: WireClient, groupId: string): Promise<void> {
  for (const name of ['streams.initial.rebalance.delay.ms', 'streams.assignment.interval.ms']) {
    await setOfGroup(client, groupId, name, '0')
  }
}

/** Changes a setting of a group, and returns the error of that. */
export async function setOfGroup(client: WireClient, groupId: string, name: string, value: string): Promise<number> {
  const configs = [{ name, configOperation: 0, value }]
  const request = { resources: [{ resourceType: 32, resourceName: groupId, configs }], validateOnly: false }
  return (await client.call(incrementalAlterConfigs, 1, request)).responses[0]!.errorCode
}

/** A member of a streams group as the protocol wants it: it gives up what it is not to have, and says so. */
export class StreamsMember implements AsyncDisposable {
  readonly client: WireClient
  readonly groupId: string
  readonly memberId = randomUUID()
  readonly topology: StreamsTopology
  readonly processId: string
  epoch = 0
  active: Tasks = []
  standby: Tasks = []

  static async start(target: Target, groupId: string, topology: StreamsTopology, processId: string = randomUUID()) {
    return new StreamsMember(await target.connect(), groupId, topology, processId)
  }

  private constructor(client: WireClient, groupId: string, topology: StreamsTopology, processId: string) {
    this.client = client
    this.groupId = groupId
    this.topology = topology
    this.processId = processId
  }

  /** One heartbeat; its answer changes nothing of the member. */
  ask(fields: Partial<StreamsRequest> = {}): Promise<Answer> {
    const { groupId, memberId, epoch: memberEpoch } = this
    return this.client.call(streamsGroupHeartbeat, 0, { groupId, memberId, memberEpoch, ...fields })
  }

  /** One heartbeat, whose answer is followed. */
  async beat(fields: Partial<StreamsRequest> = {}): Promise<Answer> {
    const answer = await this.ask(fields)
    if (answer.errorCode === 0) this.epoch = answer.memberEpoch
    this.active = answer.activeTasks ?? this.active
    this.standby = answer.standbyTasks ?? this.standby
    return answer
  }

  /** What a member says that joins. */
  get introduction(): Partial<StreamsRequest> {
    const { processId, topology } = this
    const tasks = { activeTasks: [], standbyTasks: [], warmupTasks: [] }
    return { memberEpoch: 0, rebalanceTimeoutMs: 60_000, processId, clientTags: [], topology, ...tasks }
  }

  join(): Promise<Answer> {
    this.active = []
    this.standby = []
    return this.beat(this.introduction)
  }

  /** Says which tasks it has. */
  report(): Promise<Answer> {
    return this.beat({ activeTasks: this.active, standbyTasks: this.standby, warmupTasks: [] })
  }

  /** Tells all that it has until it has so many active tasks, and says so. */
  async settle(activeCount: number, standbyCount = 0): Promise<void> {
    const counts = () => [countOf(this.active), countOf(this.standby)]
    await until(`${activeCount} and ${standbyCount} tasks, not ${counts().join()}`, async () => {
      await this.report()
      return counts().join() === [activeCount, standbyCount].join()
    })
    await this.report()
  }

  leave(): Promise<Answer> {
    return this.ask({ memberEpoch: -1 })
  }

  /** The partitions of its active tasks. */
  get partitions(): number[] {
    return this.active.flatMap(({ partitions }) => partitions).sort((a, b) => a - b)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client[Symbol.asyncDispose]()
  }
}

export function countOf(tasks: Tasks): number {
  return tasks.reduce((sum, { partitions }) => sum + partitions.length, 0)
}
