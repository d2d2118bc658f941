import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { Groups } from './groups.ts'
import { MemoryBudget } from './memory.ts'
import { type Topic, Topics } from './topics.ts'
import { Transactions } from './transactions.ts'
import { newUuid } from './uuid.ts'

/** Markers follow the end of a transaction after about as long as in Kafka, so that clients meet what lies between. */
const markerDelayMs = 2

export interface ClusterNode {
  readonly id: number
  readonly host: string
  readonly port: number
}

export interface ClusterOptions {
  readonly node: ClusterNode
  readonly memoryBytesMax: number
  readonly random: Random
  readonly clock: Clock
}

/** Everything the broker knows; connections come and go around it. */
export class Cluster {
  readonly id: string
  readonly node: ClusterNode
  readonly topics: Topics
  readonly groups: Groups
  readonly transactions: Transactions
  readonly fetchSessions: FetchSessions
  readonly #options: ClusterOptions
  #nextProducerId = 0

  constructor(options: ClusterOptions) {
    const { node, memoryBytesMax, random, clock } = options
    this.#options = options
    this.id = newUuid(random)
    this.node = node
    this.topics = new Topics(new MemoryBudget(memoryBytesMax), random)
    this.groups = new Groups(clock, random)
    this.fetchSessions = new FetchSessions(clock, random)
    const { groups } = this
    this.transactions = new Transactions({ clock, groups, newProducerId: () => this.newProducerId(), markerDelayMs })
  }

  /** A new one in the same place. */
  blank(): Cluster {
    return new Cluster(this.#options)
  }

  deleteTopic(topic: Topic): void {
    this.topics.delete(topic)
    this.groups.deleteTopic(topic.name)
  }

  newProducerId(): number {
    return this.#nextProducerId++
  }
}
