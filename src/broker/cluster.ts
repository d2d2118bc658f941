import { randomUUID } from 'node:crypto'
import { Groups } from './groups.ts'
import { MemoryBudget } from './memory.ts'
import { type Topic, Topics } from './topics.ts'

export interface ClusterNode {
  readonly id: number
  readonly host: string
  readonly port: number
}

/** Everything the broker knows; connections come and go around it. */
export class Cluster {
  readonly id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url')
  readonly node: ClusterNode
  readonly topics: Topics
  readonly groups = new Groups()
  #nextProducerId = 0

  constructor(options: { node: ClusterNode; memoryBytesMax: number }) {
    this.node = options.node
    this.topics = new Topics(new MemoryBudget(options.memoryBytesMax))
  }

  deleteTopic(topic: Topic): void {
    this.topics.delete(topic)
    this.groups.deleteTopic(topic.name)
  }

  newProducerId(): number {
    return this.#nextProducerId++
  }
}
