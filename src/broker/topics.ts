import type { Random } from '../core/random.ts'
import { type ErrorCode, errorCode } from '../protocol/index.ts'
import type { BrokerConfig } from './broker-config.ts'
import type { MemoryBudget } from './memory.ts'
import { Partition } from './partition.ts'
import { faultOfConfig, TopicConfig } from './topic-config.ts'
import { newUuid } from './uuid.ts'

const nameLengthMax = 249
const partitionsPerRequestMax = 10_000
const partitionsMax = 100_000

export interface Topic {
  readonly name: string
  /** 16 bytes in base64url. */
  readonly id: string
  readonly partitions: Partition[]
  config: TopicConfig
}

export interface NewTopic {
  readonly name: string
  readonly partitionCount: number
  readonly leaderIds?: readonly number[]
  readonly config?: readonly { readonly name: string; readonly value: string | null }[]
}

export interface Refusal {
  readonly error: ErrorCode
  readonly message: string
}

interface TopicsOptions {
  readonly memory: MemoryBudget
  readonly random: Random
  readonly nodeIds: readonly number[]
  readonly brokerConfig: BrokerConfig
}

/** The topics of the cluster, by name and by id. */
export class Topics {
  readonly #memory: MemoryBudget
  readonly #random: Random
  readonly #nodeIds: readonly number[]
  readonly #brokerConfig: BrokerConfig
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  #partitionCount = 0

  constructor({ memory, random, nodeIds, brokerConfig }: TopicsOptions) {
    this.#brokerConfig = brokerConfig
    this.#memory = memory
    this.#random = random
    this.#nodeIds = nodeIds
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  getById(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  all(): Iterable<Topic> {
    return this.#byName.values()
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.partitions[index]
  }

  /** Says why a topic cannot be created, or nothing. */
  check({ name, partitionCount, config = [] }: NewTopic): Refusal | undefined {
    if (!isValidName(name)) return { error: errorCode.invalidTopicException, message: `Topic name ${name} is invalid.` }
    if (this.#byName.has(name)) {
      return { error: errorCode.topicAlreadyExists, message: `Topic '${name}' already exists.` }
    }
    if (partitionCount <= 0) {
      return { error: errorCode.invalidPartitions, message: 'Number of partitions must be larger than 0.' }
    }
    if (!this.hasRoomFor(partitionCount)) {
      return { error: errorCode.policyViolation, message: 'Excessively large number of partitions.' }
    }
    const fault = config.map((entry) => faultOfConfig(entry.name, entry.value)).find((text) => text !== undefined)
    return fault === undefined ? undefined : { error: errorCode.invalidConfig, message: fault }
  }

  /** Whether one request may add as many partitions. */
  hasRoomFor(partitionCount: number): boolean {
    return partitionCount <= partitionsPerRequestMax && this.#partitionCount + partitionCount <= partitionsMax
  }

  /** Adds partitions to a topic, up to `partitionCount`; their leaders are those given, else the brokers in turns. */
  grow(topic: Topic, partitionCount: number, leaderIds: readonly number[] = []): void {
    const firstAdded = topic.partitions.length
    for (let index = firstAdded; index < partitionCount; index++) {
      const leaderId = leaderIds[index - firstAdded] ?? this.#nodeIds[index % this.#nodeIds.length]!
      topic.partitions.push(new Partition({ index, topic, memory: this.#memory, leaderId }))
      this.#partitionCount += 1
    }
  }

  /** Creates a topic that `check` has let pass. */
  create({ name, partitionCount, leaderIds, config = [] }: NewTopic): Topic {
    const topic: Topic = {
      name,
      id: newUuid(this.#random),
      partitions: [],
      config: new TopicConfig(this.#brokerConfig, new Map(config.map((entry) => [entry.name, entry.value!] as const))),
    }
    this.#byName.set(name, topic)
    this.#byId.set(topic.id, topic)
    this.grow(topic, partitionCount, leaderIds)
    return topic
  }

  delete(topic: Topic): void {
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.id)
    this.#partitionCount -= topic.partitions.length
    for (const partition of topic.partitions) partition.delete()
  }
}

export function isValidName(name: string): boolean {
  return name.length <= nameLengthMax && name !== '.' && name !== '..' && /^[a-zA-Z0-9._-]+$/.test(name)
}
