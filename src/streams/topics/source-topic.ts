import { assert } from '../../core/assert.ts'
import type { Topic } from '../../kafka/index.ts'

/** The source as a session reads it: nothing else says which partitions there are. */
export class SourceTopic {
  #topic: Topic

  constructor(topic: Topic) {
    this.#topic = topic
  }

  get topic(): Topic {
    return this.#topic
  }

  /** The source was given partitions. */
  grow(topic: Topic): void {
    assert(topic.partitions.length >= this.#topic.partitions.length, 'a topic never loses partitions')
    this.#topic = topic
  }
}
