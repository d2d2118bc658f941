import { randomUUID } from 'node:crypto'
import { before, describe } from 'node:test'
import { type Admin, Kafka, logLevel, Partitioners, type ProducerConfig } from 'kafkajs'
import { startBroker } from '../../src/broker/index.ts'
import { Cluster, listOffsets } from '../../src/kafka/index.ts'
import type { Topology } from '../../src/streams/index.ts'
import { apacheKafka, type RunningBroker, skipWithoutKafka } from '../apache-kafka.ts'
import { patientAdmin } from './patient-admin.ts'
import { type PlainSasl, type ReadRecord, readTopic } from './read-topic.ts'
import { type Outcome, runToEnd, type RunSettings } from './run.ts'
import { until } from '../until.ts'
import { suiteStack } from '../at-end.ts'
import { keepMembershipThread } from '../kept-thread.ts'

/** A record as a test puts it into a source. */
export interface SourceRecord {
  readonly value: string | Buffer | null
  readonly key?: string | Buffer
  readonly headers?: Record<string, string | Buffer>
  /** @defaultValue 0 */
  readonly partition?: number
  readonly timestampMs?: number
}

export interface StreamOptions {
  /** @defaultValue 2 */
  readonly sourcePartitions?: number
  readonly sourceConfig?: Record<string, string>
  readonly sinkConfig?: Record<string, string>
  /** Partitions of further sources, by the ends of their names. @defaultValue none */
  readonly otherSources?: Readonly<Record<string, number>>
}

/** What DescribeConfigs and AlterConfigs call a topic. */
const topicResource = 2

/** The topics of one program, which no other test uses. */
export interface Stream {
  /** The name for the topology. */
  readonly app: string
  readonly source: string
  readonly sink: string
  readonly deadLetterTopic: string
  readonly checkpointTopic: string
  /** Further sources, by the ends of their names. */
  readonly otherSources: Readonly<Record<string, string>>
  /**
   * Writes records with kafkajs, in their order within each partition.
   *
   * @param topic - One of the sources. @defaultValue the first one
   */
  produce(records: readonly SourceRecord[], topic?: string): Promise<void>
  /** Resolves when no transaction in the source is open. */
  whenStable(): Promise<void>
  /** Runs a topology to the end of its source, and stops it. */
  run(topology: Topology, settings?: RunSettings): Promise<Outcome>
  /** All of the sink. */
  merged(): Promise<ReadRecord[]>
  deadLetters(): Promise<ReadRecord[]>
  /** All of another topic. */
  read(topic: string): Promise<ReadRecord[]>
  /** Creates the dead-letter topic before the program would. */
  createDeadLetterTopic(config: Record<string, string>): Promise<void>
  /** The same of the checkpoint topic, which is compacted. */
  createCheckpointTopic(config: Record<string, string>): Promise<void>
}

/** A broker under test, and other people's clients to look at it with. */
export interface Target {
  readonly bootstrapServers: string
  readonly kafka: Kafka
  readonly admin: Admin
  stream(options?: StreamOptions): Promise<Stream>
  /**
   * Sets what a topic is configured with; all else is as brokers have it by default. Resolves once the broker describes
   * the topic so: Apache Kafka answers before.
   */
  setConfigs(topic: string, config: Record<string, string>): Promise<void>
  /** Resolves once the broker does not list it any more: Apache Kafka answers before. */
  deleteTopic(name: string): Promise<void>
  /** Lets the log of each partition begin at an offset. */
  deleteRecords(topic: string, offsets: Readonly<Record<number, number>>): Promise<void>
}

export type Suite = (target: Target) => void

/** Runs the suites on the embedded broker, and on Apache Kafka where it can be started. */
export function onEachBroker(suites: readonly Suite[]): void {
  onEmbeddedBroker(suites)
  onBroker('Apache Kafka', skipWithoutKafka, apacheKafka, suites)
}

/**
 * Runs them on the embedded broker only.
 *
 * @param options - For the broker. @param name - What it is called then.
 */
export function onEmbeddedBroker(
  suites: readonly Suite[],
  options?: Parameters<typeof startBroker>[0],
  name = 'embedded broker',
): void {
  onBroker(name, false, () => startBroker(options), suites)
}

function onBroker(
  name: string,
  skip: string | false,
  start: () => Promise<RunningBroker>,
  suites: readonly Suite[],
): void {
  void describe(name, { skip }, () => {
    let broker: RunningBroker
    let kafka: Kafka
    let admin: Admin
    const topics: string[] = []
    const stack = suiteStack()
    before(async () => {
      broker = stack.use(await start())
      kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
      admin = await patientAdmin(kafka)
      stack.defer(() => admin.disconnect())
      stack.defer(await keepMembershipThread(broker.bootstrapServers))
      stack.defer(async () => {
        const existing = await admin.listTopics()
        await admin.deleteTopics({ topics: existing.filter((topic) => topics.includes(topic)) })
      })
    })
    const target: Target = {
      get bootstrapServers() {
        return broker.bootstrapServers
      },
      get kafka() {
        return kafka
      },
      get admin() {
        return admin
      },
      async setConfigs(name, config) {
        const resources = [{ type: topicResource, name, configEntries: entriesOf(config) }]
        await admin.alterConfigs({ validateOnly: false, resources })
        await until('the broker has taken the settings', async () => {
          const described = await admin.describeConfigs({
            includeSynonyms: false,
            resources: [{ type: topicResource, name }],
          })
          const values = new Map(
            described.resources[0]!.configEntries.map((entry) => [entry.configName, entry.configValue]),
          )
          return Object.entries(config).every(([setting, value]) => values.get(setting) === value)
        })
      },
      async deleteRecords(topic, offsets) {
        // The client looks for leaders among those that it has met.
        await admin.fetchTopicOffsets(topic)
        const partitions = Object.entries(offsets).map(([partition, offset]) => ({
          partition: Number(partition),
          offset: String(offset),
        }))
        await admin.deleteTopicRecords({ topic, partitions })
      },
      async deleteTopic(name) {
        await admin.deleteTopics({ topics: [name] })
        await until('the topic is gone', async () => !(await admin.listTopics()).includes(name))
      },
      async stream(options) {
        const stream = await createStream(target, options)
        topics.push(
          stream.source,
          ...Object.values(stream.otherSources),
          stream.sink,
          stream.deadLetterTopic,
          stream.checkpointTopic,
        )
        return stream
      },
    }
    for (const suite of suites) suite(target)
  })
}

/** Creates the topics of one program. */
export async function createStream(
  {
    bootstrapServers,
    kafka,
    admin,
    sasl,
  }: Pick<Target, 'bootstrapServers' | 'kafka' | 'admin'> & { readonly sasl?: PlainSasl | undefined },
  { sourcePartitions = 2, sourceConfig = {}, sinkConfig = {}, otherSources = {} }: StreamOptions = {},
): Promise<Stream> {
  const app = `integration-${randomUUID()}`
  const [source, sink, deadLetterTopic] = [`${app}.source`, `${app}.sink`, `${app}.dead-letter`]
  // The timestamps of tests are older than brokers keep records by default.
  const kept = { 'retention.ms': '-1' }
  const others = Object.entries(otherSources).map(([end, partitions]) => ({ end, topic: `${app}.${end}`, partitions }))
  await admin.createTopics({
    topics: [
      { topic: source, numPartitions: sourcePartitions, configEntries: entriesOf({ ...kept, ...sourceConfig }) },
      { topic: sink, numPartitions: 3, configEntries: entriesOf({ ...kept, ...sinkConfig }) },
      ...others.map(({ topic, partitions }) => ({
        topic,
        numPartitions: partitions,
        configEntries: entriesOf({ ...kept, ...sourceConfig }),
      })),
    ],
  })
  return {
    app,
    source,
    sink,
    deadLetterTopic,
    checkpointTopic: `${app}.checkpoint`,
    otherSources: Object.fromEntries(others.map(({ end, topic }) => [end, topic])),
    produce: (records, topic = source) => produce(kafka, topic, records),
    whenStable: () => whenStable(bootstrapServers, source),
    run: (topology, settings) => runToEnd(topology, bootstrapServers, { ...(sasl && { sasl }), ...settings }),
    merged: () => readTopic(bootstrapServers, sink, sasl),
    deadLetters: () => readTopic(bootstrapServers, deadLetterTopic, sasl),
    read: (topic) => readTopic(bootstrapServers, topic, sasl),
    async createDeadLetterTopic(config) {
      const topic = { topic: deadLetterTopic, numPartitions: sourcePartitions, configEntries: entriesOf(config) }
      await admin.createTopics({ topics: [topic] })
    },
    async createCheckpointTopic(config) {
      const configEntries = entriesOf({ 'cleanup.policy': 'compact', ...config })
      await admin.createTopics({ topics: [{ topic: `${app}.checkpoint`, numPartitions: 1, configEntries }] })
    },
  }
}

/** Resolves when a topic has no open transaction: its markers are written a little after its end was acknowledged. */
async function whenStable(bootstrapServers: string, name: string): Promise<void> {
  const cluster = new Cluster({ bootstrapServers })
  const [topic] = await cluster.topics([name])
  await until('no transaction is open', async () => {
    const [stable, end] = await Promise.all([
      listOffsets(cluster, topic!, 'latest', 'read_committed'),
      listOffsets(cluster, topic!, 'latest', 'read_uncommitted'),
    ])
    return stable.every((offset, partition) => offset === end[partition])
  })
  await cluster.close()
}

function entriesOf(config: Record<string, string>) {
  return Object.entries(config).map(([name, value]) => ({ name, value }))
}

/** Writes records with kafkajs, as one request. */
export async function produce(
  kafka: Kafka,
  topic: string,
  records: readonly SourceRecord[],
  config?: ProducerConfig,
): Promise<void> {
  // A topic that was just created may refuse one partition, and then the request is sent again with all of them.
  const once = { idempotent: true, maxInFlightRequests: 1 }
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...once, ...config })
  await producer.connect()
  try {
    await producer.send({ topic, messages: toMessages(records) })
  } finally {
    await producer.disconnect()
  }
}

/** Records as kafkajs takes them. */
export function toMessages(records: readonly SourceRecord[]) {
  return records.map(({ value, key = null, headers = {}, partition = 0, timestampMs = 1_790_000_000_000 }) => ({
    value,
    key,
    headers,
    partition,
    timestamp: String(timestampMs),
  }))
}
