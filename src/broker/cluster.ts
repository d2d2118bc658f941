import type { Random } from '../core/random.ts'
import { Groups } from './groups.ts'
import { MemoryBudget } from './memory.ts'
import { type Topic, Topics } from './topics.ts'
import { newUuid } from './uuid.ts'

export interface ClusterNode {
  readonly id: number
  readonly host: string
  readonly port: number
}

export interface ClusterOptions {
  readonly node: ClusterNode
  readonly memoryBytesMax: number
  readonly random: Random
}

/** Everything the broker knows; connections come and go around it. */
export class Cluster {
  readonly id: string
  readonly node: ClusterNode
  readonly topics: Topics
  readonly groups = new Groups()
  #nextProducerId = 0

  constructor({ node, memoryBytesMax, random }: ClusterOptions) {
    this.id = newUuid(random)
    this.node = node
    this.topics = new Topics(new MemoryBudget(memoryBytesMax), random)
  }

  deleteTopic(topic: Topic): void {
    this.topics.delete(topic)
    this.groups.deleteTopic(topic.name)
  }

  newProducerId(): number {
    return this.#nextProducerId++
  }
}
