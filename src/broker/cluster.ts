import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { Authorizer, type BrokerAuthorizer } from './acl/authorizer.ts'
import { BrokerConfig } from './broker-config.ts'
import { type Coordinated, Coordinators } from './coordinators.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { GroupConfig, type GroupConfigName } from './groups/group-config.ts'
import { Groups } from './groups/groups.ts'
import { LogCleaner } from './log-cleaner.ts'
import { MemoryBudget } from './memory.ts'
import { ProduceQuotas } from './produce-quotas.ts'
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
  /** All brokers, who share everything; the first one is the controller. */
  readonly nodes: readonly [ClusterNode, ...ClusterNode[]]
  readonly memoryBytesMax: number
  readonly authorizer: BrokerAuthorizer | undefined
  readonly autoCreateTopics: boolean
  readonly groupConfig: Readonly<Partial<Record<GroupConfigName, number>>>
  readonly random: Random
  readonly clock: Clock
}

/** Everything the broker knows; connections come and go around it. */
export class Cluster {
  readonly id: string
  readonly nodes: readonly ClusterNode[]
  readonly controller: ClusterNode
  readonly coordinators: Coordinators
  readonly brokerConfig: BrokerConfig
  /** Whether topics come to be by being asked for. */
  readonly autoCreatesTopics: boolean
  readonly topics: Topics
  readonly groupConfig: GroupConfig
  readonly groups: Groups
  readonly transactions: Transactions
  readonly fetchSessions: FetchSessions
  readonly logCleaner: LogCleaner
  /** Absent where everybody may do everything. */
  readonly authorizer: Authorizer | undefined
  readonly produceQuotas: ProduceQuotas
  readonly #options: ClusterOptions
  #nextProducerId = 0

  constructor(options: ClusterOptions) {
    const { nodes, memoryBytesMax, authorizer, autoCreateTopics, random, clock } = options
    this.#options = options
    this.id = newUuid(random)
    this.nodes = nodes
    this.controller = nodes[0]
    this.coordinators = new Coordinators(nodes[0].id)
    const nodeIds = nodes.map(({ id }) => id)
    this.autoCreatesTopics = autoCreateTopics
    this.brokerConfig = new BrokerConfig({ nodeIds, autoCreateTopics })
    const { brokerConfig } = this
    this.topics = new Topics({ memory: new MemoryBudget(memoryBytesMax), random, nodeIds, brokerConfig })
    this.logCleaner = new LogCleaner(this.topics, clock)
    this.authorizer = authorizer && new Authorizer(authorizer)
    this.produceQuotas = new ProduceQuotas(clock)
    this.groupConfig = new GroupConfig(options.groupConfig)
    this.groups = new Groups({ clock, random, topics: this.topics, config: this.groupConfig })
    this.fetchSessions = new FetchSessions(clock, random)
    const { groups } = this
    this.transactions = new Transactions({ clock, groups, newProducerId: () => this.newProducerId(), markerDelayMs })
  }

  /** A new one in the same place. */
  blank(): Cluster {
    return new Cluster(this.#options)
  }

  coordinatorOf(coordinated: Coordinated): ClusterNode {
    const id = this.coordinators.nodeIdOf(coordinated)
    return this.nodes.find((node) => node.id === id)!
  }

  hasNode(id: number): boolean {
    return this.nodes.some((node) => node.id === id)
  }

  deleteTopic(topic: Topic): void {
    this.topics.delete(topic)
    this.groups.deleteTopic(topic.name)
  }

  newProducerId(): number {
    return this.#nextProducerId++
  }
}
