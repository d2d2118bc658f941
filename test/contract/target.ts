import { randomUUID } from 'node:crypto'
import { after, before, describe } from 'node:test'
import { createTopics, findCoordinator, listOffsets } from '../../src/broker/handlers/index.ts'
import { startBroker } from '../../src/broker/index.ts'
import { javaAndMavenAvailable, startKafka } from '../../tools/kafka/start.ts'
import { WireClient } from './wire-client.ts'

/** A broker under contract, and what tests need of it again and again. */
export interface Target {
  readonly bootstrapServers: string
  connect(): Promise<WireClient>
  /** Creates a topic of its own for one test. */
  createTopic(options?: { partitions?: number; config?: Record<string, string> }): Promise<{ name: string; id: string }>
}

export type Suite = (target: Target) => void

interface RunningBroker extends AsyncDisposable {
  readonly bootstrapServers: string
}

/** A Kafka that runs already, instead of one that is started for the tests. */
const runningKafka = process.env.MILLRACE_KAFKA
const kafkaIsThere = runningKafka === undefined ? await javaAndMavenAvailable() : true

/** The same promises for the embedded broker and for Apache Kafka, which decides what they must be. */
export function contract(suites: Suite[]): void {
  describeTarget('embedded broker', false, () => startBroker(), suites)
  describeTarget(
    'Apache Kafka',
    kafkaIsThere === true ? false : kafkaIsThere,
    () => (runningKafka === undefined ? startKafka() : attach(runningKafka)),
    suites,
  )
}

function describeTarget(
  name: string,
  skip: string | false,
  start: () => Promise<RunningBroker>,
  suites: Suite[],
): void {
  void describe(name, { skip }, () => {
    let broker: RunningBroker
    let admin: WireClient
    before(async () => {
      broker = await start()
      admin = await WireClient.connect(broker.bootstrapServers)
      await coordinatorsServe(admin)
    })
    after(async () => {
      await admin[Symbol.asyncDispose]()
      await broker[Symbol.asyncDispose]()
    })

    const target: Target = {
      get bootstrapServers() {
        return broker.bootstrapServers
      },
      connect: () => WireClient.connect(broker.bootstrapServers),
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
        for (;;) {
          const { topics } = await admin.call(listOffsets, 7, {
            replicaId: -1,
            topics: [{ name: topic, partitions: asked }],
          })
          const isReady = topics[0]!.partitions.every(({ errorCode }) => errorCode === 0)
          if (isReady) return { name: topic, id: created.topics[0]!.topicId }
        }
      },
    }
    for (const suite of suites) suite(target)
  })
}

async function attach(bootstrapServers: string): Promise<RunningBroker> {
  return { bootstrapServers, [Symbol.asyncDispose]: async () => {} }
}

const group = 0
const transaction = 1

/** Kafka makes the topics behind its coordinators when they are first asked for. */
async function coordinatorsServe(client: WireClient): Promise<void> {
  for (const keyType of [group, transaction]) {
    for (;;) {
      const { coordinators } = await client.call(findCoordinator, 4, { keyType, keys: ['contract'] })
      if (coordinators[0]!.errorCode === 0) break
    }
  }
}
