import { createTopics, describeGroups, findCoordinator, initProducerId, listOffsets } from '../../src/protocol/index.ts'
import { randomUUID } from 'node:crypto'
import { before, describe } from 'node:test'
import { type BrokerOptions, startBroker } from '../../src/broker/index.ts'
import { apacheKafka, type RunningBroker, skipWithoutJava, skipWithoutKafka, startQuickKafka } from '../apache-kafka.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'
import { WireClient } from './wire-client.ts'
import { until } from '../until.ts'
import { suiteStack } from '../at-end.ts'

/** A broker under contract, and what tests need of it again and again. */
export interface Target {
  readonly bootstrapServers: string
  /** Whether it is a Kafka of a later release than the one whose versions and settings the embedded broker has. */
  readonly isLater: boolean
  /** Whether it is one of an earlier release. */
  readonly isEarlier: boolean
  /** @param clientId - Default: `contract`. */
  connect(clientId?: string): Promise<WireClient>
  /** Creates a topic of its own for one test. */
  createTopic(options?: { partitions?: number; config?: Record<string, string> }): Promise<{ name: string; id: string }>
  /** Lets the broker compact and delete one topic's logs now, and no other test's; Kafka does so by itself, again and again. */
  cleanLogs(topic: string): Promise<void>
}

/** The release whose versions and settings the embedded broker has. */
const ownRelease = '4.3'
const [major, minor] = (process.env['MILLRACE_KAFKA_VERSION'] ?? ownRelease).split('.')
const release = `${major}.${minor}`

export type Suite = (target: Target) => void

interface ContractBroker extends RunningBroker {
  readonly cleanLogs?: (topic: string) => Promise<void>
}

/**
 * The same promises for the embedded broker and for Apache Kafka, which decides what they must be. A Kafka with
 * `properties` of its own is always started for the tests; `options` say the same to the embedded broker.
 */
export function contract(suites: Suite[], properties?: Record<string, string>, options: BrokerOptions = {}): void {
  void describe('contract', { concurrency: true }, () => {
    describeTarget('embedded broker', false, () => startBroker(options), suites)
    const start = () => (properties === undefined ? apacheKafka() : startQuickKafka({ properties }))
    describeTarget(apacheName, properties === undefined ? skipWithoutKafka : skipWithoutJava, start, suites)
  })
}

const apacheName = 'Apache Kafka'

function describeTarget(
  name: string,
  skip: string | false,
  start: () => Promise<ContractBroker>,
  suites: Suite[],
): void {
  void describe(name, { skip }, () => {
    let broker: ContractBroker
    let admin: WireClient
    const stack = suiteStack()
    const onAnswered = name === apacheName ? versionsSeenBy(apacheName, stack) : undefined
    const connect = (clientId?: string) => WireClient.connect(broker.bootstrapServers, clientId, onAnswered)
    before(async () => {
      broker = stack.use(await start())
      admin = stack.use(await connect())
      await coordinatorsServe(admin)
    })

    const target: Target = {
      isLater: name === apacheName && release > ownRelease,
      isEarlier: name === apacheName && release < ownRelease,
      get bootstrapServers() {
        return broker.bootstrapServers
      },
      cleanLogs: async (topic) => broker.cleanLogs?.(topic),
      connect,
      async createTopic({ partitions = 1, config = {} } = {}) {
        const topic = `contract-${randomUUID()}`
        const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }))
        const created = await admin.call(createTopics, 7, {
          topics: [{ name: topic, numPartitions: partitions, replicationFactor: 1, assignments: [], configs }],
          timeoutMs: 10_000,
          validateOnly: false,
        })
        // Kafka answers before every part of it has heard of the topic.
        const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1 }))
        await until('the topic is ready', async () => {
          const { topics } = await admin.call(listOffsets, 7, {
            replicaId: -1,
            topics: [{ name: topic, partitions: asked }],
          })
          return topics[0]!.partitions.every(({ errorCode }) => errorCode === 0)
        })
        return { name: topic, id: created.topics[0]!.topicId }
      },
    }
    for (const suite of suites) suite(target)
  })
}

/** More names than the coordinators' topics have partitions, so that each of them is asked for. */
const coordinatedNames = Array.from({ length: 32 }, (_, i) => `contract-${i}`)
const keyTypes = [0, 1]
const notServing = [14, 15, 16]

/** Kafka makes the topics behind its coordinators, and gets producer ids for them, when they are first asked for. */
export async function coordinatorsServe(client: WireClient): Promise<void> {
  const served = (ask: () => Promise<number>) =>
    until('the coordinator serves', async () => !notServing.includes(await ask()))
  for (const keyType of keyTypes) {
    const request = { keyType, coordinatorKeys: ['contract'] }
    await served(async () => (await client.call(findCoordinator, 4, request)).coordinators[0]!.errorCode)
  }
  for (const name of coordinatedNames) {
    await served(async () => (await client.call(describeGroups, 5, { groups: [name] })).groups[0]!.errorCode)
    const request = { transactionalId: name, transactionTimeoutMs: 60_000 }
    await served(async () => (await client.call(initProducerId, 4, request)).errorCode)
  }
}
