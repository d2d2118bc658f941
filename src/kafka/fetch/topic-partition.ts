import type { Topic } from '../cluster/topic.ts'

/** A partition of one of several topics. */
export interface TopicPartition {
  readonly topic: Topic
  readonly partition: number
}

/** All partitions of a topic. */
export function partitionsOf(topic: Topic): TopicPartition[] {
  return topic.partitions.map((_, partition) => ({ topic, partition }))
}
