import {
  type Cluster,
  createMissingTopics,
  growTopic,
  type Topic,
  topicConfigs,
  topicRange,
  type TransactionWait,
  untilStable,
} from '../../kafka/index.ts'
import { readRecords } from '../topics/record-reader.ts'
import { defaultBatchBytesMax, readSettings } from '../topics/topic-settings.ts'
import type { Origin } from '../topics/source-partitions.ts'
import { readLetterHeader } from './letter-header.ts'

/** What a redriven letter has besides its record: the header that says what it is. */
const headerBytesMax = 2_048
const anyTime = String(2n ** 63n - 1n)

export interface RedriveTopicNeeds {
  readonly name: string
  /** Topics whose records it has to take: the sources that are there, and that of dead letters. */
  readonly topics: readonly Topic[]
  readonly partitionCount: number
}

/**
 * Finds the topic of redriven letters, and creates it where there is none. It keeps all of them, because they say what
 * has been redriven, and takes their records whatever size and time they have.
 */
export async function ensureRedriveTopic(
  cluster: Cluster,
  { name, topics, partitionCount }: RedriveTopicNeeds,
): Promise<Topic> {
  const settings = await Promise.all(topics.map((topic) => readSettings(cluster, topic)))
  const largest = Math.max(defaultBatchBytesMax, ...settings.map(({ batchBytesMax }) => batchBytesMax))
  // Brokers before 3.6 take records of any time, and do not know the setting.
  const [isLimited] = await topicConfigs(cluster, topics[0]!.name, 'message.timestamp.after.max.ms')
  const configs = {
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'message.timestamp.type': 'CreateTime',
    'max.message.bytes': String(largest + headerBytesMax),
    ...(isLimited !== undefined && {
      'message.timestamp.after.max.ms': anyTime,
      'message.timestamp.before.max.ms': anyTime,
    }),
  }
  await createMissingTopics(cluster, [{ name, partitionCount, configs }])
  const topic = await cluster.topicWhenReady(name)
  if (topic.partitions.length >= partitionCount) return topic
  await growTopic(cluster, name, partitionCount)
  return cluster.topicWhenReady(name, partitionCount)
}

/** Where letters that are redriven were consumed before, and so which ones they are. */
export class RedrivenPlaces {
  readonly #places = new Map<string, Origin>()

  /** Reads all that is in the topic. */
  static async read(cluster: Cluster, topic: Topic | undefined, wait: TransactionWait): Promise<RedrivenPlaces> {
    const places = new RedrivenPlaces()
    if (topic === undefined) return places
    const range = await topicRange(cluster, topic)
    await untilStable(cluster, topic, range.ends, wait)
    await readRecords({ cluster, topic, range }, (columns) => {
      for (let row = 0; row < columns.count; row++) {
        const letter = readLetterHeader(columns, row)
        if (letter === undefined) continue
        const { consumed, index } = letter
        const place = { topic: topic.name, partition: columns.partition, offset: columns.offset[row]! }
        places.add(consumed, index === undefined ? place : { ...place, index })
      }
    })
    return places
  }

  /** Where the letter of a consumed record is in the topic. */
  placeOf(consumed: Origin): Origin | undefined {
    return this.#places.get(nameOf(consumed))
  }

  /** @param place - Where it is in the topic; the same for what has just been written. */
  add(consumed: Origin, place: Origin): void {
    this.#places.set(nameOf(consumed), place)
  }
}

function nameOf({ topic, partition, offset, index = 0 }: Origin): string {
  return `${topic}/${partition}/${offset}/${index}`
}
