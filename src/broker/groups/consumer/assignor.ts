import type { Unit } from '../epochs/unit.ts'

/** What an assignor shares out, and among whom. */
export interface Sharing {
  readonly members: readonly Sharer[]
  /** Number of partitions, by the id of each subscribed topic that exists. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

export interface Sharer {
  readonly id: string
  /** Ids of the topics that it subscribes to, of those that exist. */
  readonly topicIds: ReadonlySet<string>
  /** What it was to have before. */
  readonly units: ReadonlySet<Unit>
}

/** Shares out every partition of the subscribed topics, by member id. */
export type Assignor = (sharing: Sharing) => Map<string, Set<Unit>>
