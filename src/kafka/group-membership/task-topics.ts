/** Which of Kafka's group protocols shares the tasks out: KIP-1071, KIP-848, or the cooperative classic one (KIP-429). */
export type TaskProtocol = 'streams' | 'consumer' | 'classic'

/** The topics by whose partitions tasks are counted: partition t of each of them is of task t. */
export interface TaskTopics {
  /** Of the checkpoints, compacted. It is there, with a partition for each task. */
  readonly tasks: string
  readonly taskCount: number
  /** Topics that tasks read: the one that records are routed through, or the sources that are keyed already. */
  readonly inputs: readonly string[]
}
