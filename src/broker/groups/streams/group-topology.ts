import { isDeepStrictEqual } from 'node:util'
import { errorCode } from '../../../protocol/index.ts'
import type { Refusal, Topics } from '../../topics.ts'
import { listsOf, numberOf, ownerIdOf, type Unit, unitOf } from '../epochs/unit.ts'
import {
  type ConfiguredSubtopology,
  type ConfiguredTopology,
  configureTopology,
  sourcesOf,
  topicsOf,
} from './configured-topology.ts'
import type { StreamsTopology } from './streams-member.ts'
import type { TaskId } from './task.ts'

/** The topology that the first member of a group has brought, and what it comes to with the topics that there are. */
export class GroupTopology {
  readonly #topics: Topics
  readonly #definition: StreamsTopology
  #configured: ConfiguredTopology | undefined
  /** The topics as they were when the topology was configured. */
  #topicsSeen = ''

  constructor(definition: StreamsTopology, topics: Topics) {
    this.#definition = definition
    this.#topics = topics
  }

  get epoch(): number {
    return this.#definition.epoch
  }

  /** Whether its tasks can be shared out. */
  get isReady(): boolean {
    return this.#configured !== undefined && this.#configured.status === undefined
  }

  /** The subtopologies whose tasks can be shared out. */
  get subtopologies(): readonly ConfiguredSubtopology[] {
    return this.isReady ? this.#configured!.subtopologies! : []
  }

  /** As it was brought, with the numbers of partitions of its topics as far as they are decided. */
  get described(): StreamsTopology {
    const { epoch, subtopologies } = this.#definition
    return {
      epoch,
      subtopologies: this.isReady ? this.subtopologies.map(({ definition }) => definition) : subtopologies,
    }
  }

  /** The topics that are read. */
  get sources(): string[] {
    return this.#definition.subtopologies.flatMap(sourcesOf)
  }

  /** Says why a member may not come with a topology, which is an older one or the same. */
  check(brought: StreamsTopology): Refusal | undefined {
    if (brought.epoch < this.epoch || isSame(brought, this.#definition)) return undefined
    const message = 'Topology updates are not supported: delete the group, or use another one.'
    return { error: errorCode.invalidRequest, message }
  }

  /** Looks at the topics, and says what the topology comes to and whether that may be something else than before. */
  configure(): { configured: ConfiguredTopology; hasChanged: boolean } | Refusal {
    const seen = Array.from(new Set(topicsOf(this.#definition)), (name) => {
      const topic = this.#topics.get(name)
      return `${name} ${topic?.id} ${topic?.partitions.length}`
    }).join()
    if (this.#configured !== undefined && this.#topicsSeen === seen) {
      return { configured: this.#configured, hasChanged: false }
    }
    const configured = configureTopology(this.#definition, (name) => this.#topics.get(name)?.partitions.length)
    if ('error' in configured) return configured
    this.#configured = configured
    this.#topicsSeen = seen
    return { configured, hasChanged: true }
  }

  /** Whether there is a task; any may be while none can be shared out. */
  has(task: TaskId): boolean {
    if (!this.isReady) return true
    const count = this.subtopologies.find(({ id }) => id === ownerIdOf(task))?.taskCount ?? 0
    return numberOf(task) >= 0 && numberOf(task) < count
  }

  /** The task that reads a partition of a topic; one that is not there where none does. */
  readerOf(partition: Unit): TaskId {
    const topic = this.#topics.getById(ownerIdOf(partition))?.name
    const reader = this.#definition.subtopologies.find((each) => topic !== undefined && sourcesOf(each).includes(topic))
    return unitOf(reader?.subtopologyId ?? '', numberOf(partition))
  }

  /** The partitions that tasks read. */
  partitionsOf(tasks: readonly TaskId[]): { topic: string; partitions: readonly number[] }[] {
    return listsOf(tasks).flatMap(({ of, numbers }) => {
      const subtopology = this.#definition.subtopologies.find(({ subtopologyId }) => subtopologyId === of)!
      return sourcesOf(subtopology).map((topic) => {
        const count = this.#topics.get(topic)?.partitions.length ?? 0
        return { topic, partitions: numbers.filter((number) => number < count) }
      })
    })
  }
}

/** The order of subtopologies is of no matter, any other is, as in Kafka. */
function isSame(one: StreamsTopology, other: StreamsTopology): boolean {
  const byId = ({ subtopologies }: StreamsTopology) => new Map(subtopologies.map((each) => [each.subtopologyId, each]))
  return one.epoch === other.epoch && isDeepStrictEqual(byId(one), byId(other))
}
