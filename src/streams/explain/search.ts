import type { Cluster, Topic, TransactionWait } from '../../kafka/index.ts'
import type { RecordColumns } from '../../kernel/index.ts'
import { lettersIn } from '../redrive/letter-header.ts'
import { findRedriveTopic } from '../topics/program-topics.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import { type AppCheckpoint, findTopic } from '../admin/app-checkpoint.ts'
import type { ReadingLimits } from '../admin/at-brokers.ts'
import type { KeyFinder } from './key-finder.ts'
import type { SourceRows } from './source-rows.ts'
import type { RecordPlace } from './explanation.ts'

/** What is looked for, and where. */
export interface Search {
  readonly cluster: Cluster
  readonly checkpoint: AppCheckpoint
  readonly rows: SourceRows
  readonly finder: KeyFinder
  readonly limits: Omit<ReadingLimits, 'wait'>
  readonly wait: TransactionWait
}

/** The topics of an application that are still those which it has read. */
export async function sourceTopics({ cluster, checkpoint }: Search): Promise<[topic: Topic, source: number][]> {
  const { topology, sourceIds } = checkpoint.manifest
  const { redriveTopic, redrivenCount } = checkpoint.partitions
  const found = await Promise.all([
    ...topology.sources.map(({ topic }) => findTopic(cluster, topic)),
    findRedriveTopic(cluster, redriveTopic!, redrivenCount),
  ])
  return found.flatMap((topic, source): [Topic, number][] => {
    // Redriven letters may not have been read yet.
    const isKnown = topic?.id === (sourceIds[source] ?? topic?.id)
    return topic === undefined || !isKnown ? [] : [[topic, source]]
  })
}

/** Has functions see redriven records as they were in their source; returns the place that stands for it. */
export function asInSource({ checkpoint }: Search, columns: RecordColumns, place: PartitionPlace): PartitionPlace {
  const topic = checkpoint.partitions.sourceTopicOf(place)
  if (topic !== place.topic) columns.origins = lettersIn(columns)
  return { ...place, topic }
}

export function placeOf({ offset, lane, timestamp }: RecordColumns, row: number, place: PartitionPlace): RecordPlace {
  const index = place.index === undefined ? undefined : { index: lane[row]! }
  return { ...place, ...index, offset: offset[row]!, timestampMs: timestamp[row]! }
}
