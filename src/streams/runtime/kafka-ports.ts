import {
  Fetcher,
  type GroupMember,
  listOffsets,
  readTopic,
  type Topic,
  topicConfigs,
  TransactionalProducer,
} from '../../kafka/index.ts'
import { readPromoted } from '../retention/promoted-reader.ts'
import type { LastEpoch } from '../checkpoint/last-epoch.ts'
import { checkpointSink, findSources } from '../topics/program-topics.ts'
import { readRecords } from '../topics/record-reader.ts'
import { fetchBuffersPerLeader } from './memory-budget.ts'
import type { EpochProducer, PartitionRange, Ports, ProducerEvents, SourceLog } from './ports.ts'
import type { KafkaServices } from './services.ts'

/** Time a broker waits for records when there are none. */
const maxWaitMs = 500

/** As whom the active process commits offsets. */
export type Member = (stale?: GroupMember) => Promise<GroupMember>

/** Operators on Kafka, in the process that is the active one. */
export function kafkaPorts(services: KafkaServices, member: Member, lastEpoch: LastEpoch, writer?: string): Ports {
  return {
    ...readingPorts(services),
    newProducer: (events) => newProducer(services, member, events, writer),
    lastEpoch: () => lastEpoch.read(),
  }
}

/**
 * What reading alone needs.
 *
 * @param purpose - What other fetches do not wait behind, which brokers hold back. @defaultValue that of the operators
 */
export function readingPorts(
  services: KafkaServices,
  purpose?: string,
): Pick<Ports, 'newFetcher' | 'sourceLog' | 'promotedParts'> {
  const { cluster, options, topics } = services
  const checkpoint = { cluster, topic: topics.sinks[checkpointSink]! }
  return {
    newFetcher: ({ partitions, firstOffsets, rates, isShared }, events) =>
      new Fetcher(
        {
          cluster,
          purpose,
          partitions,
          rates,
          isShared,
          fetchBytes: options.fetchBytes,
          partitionBytes: options.partitionFetchBytes,
          maxWaitMs,
          buffersPerLeader: fetchBuffersPerLeader,
          ...events,
        },
        firstOffsets,
      ),
    sourceLog: sourceLogOf(services),
    promotedParts: (places, wanted, visit) => readPromoted(checkpoint, places, wanted, visit),
  }
}

/** @param writer - Its transactional id. @defaultValue the name of the program, where one process at a time is active */
export function newProducer(
  services: KafkaServices,
  member: Member,
  events: ProducerEvents,
  writer = services.plan.name,
): EpochProducer {
  const { cluster, plan, options, topics } = services
  return new TransactionalProducer({
    cluster,
    topics: topics.sinks,
    transactionalId: writer,
    transactionTimeoutMs: options.transactionTimeoutMs,
    group: plan.name,
    member,
    ...events,
  })
}

function sourceLogOf({ cluster, plan, options }: KafkaServices): SourceLog {
  const rangeOf = (topic: Topic, { partition, first, end }: PartitionRange) => {
    const at = (offset: number) => topic.partitions.map((_, other) => (other === partition ? offset : 0))
    return { starts: at(first), ends: at(end) }
  }
  return {
    topics: () => findSources(cluster, plan),
    sinks: () => cluster.topics(plan.sinks.map(({ topic }) => topic)),
    starts: (topic) => listOffsets(cluster, topic, 'earliest'),
    ends: (topic) => listOffsets(cluster, topic, 'latest'),
    offsetsAt: (topic, timestampMs) => listOffsets(cluster, topic, { timestampMs }),
    settings: ({ name }, ...names) => topicConfigs(cluster, name, ...names),
    read(topic, range, visit) {
      const { decompressedBytesMax } = options
      return readRecords({ cluster, topic, range: rangeOf(topic, range), isUrgent: true, decompressedBytesMax }, visit)
    },
    readPieces: (topic, range, visit) => readTopic(cluster, topic, rangeOf(topic, range), visit, true),
  }
}
