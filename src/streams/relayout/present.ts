import { type Cluster, type Topic, topicRange, type TransactionWait } from '../../kafka/index.ts'
import { type AppCheckpoint, findVisibleTopic, ifKnown, readAppCheckpoint } from '../admin/app-checkpoint.ts'
import { topicsTo } from '../checkpoint/manifest.ts'
import type { Layout } from '../topology/layout.ts'

/** The layout that a program is in, and what it has there. */
export interface Present {
  readonly from: Layout
  /** How many tasks share its merges. */
  readonly fromTasks: number
  /** Pending parts, and those of them that are promoted. */
  readonly pending: number
  readonly promoted: number
  /** Offsets of routed records, and of redriven ones of them, that are not merged yet, which is done first. */
  readonly inTransit: number
}

/** @throws MillraceError `APP_UNKNOWN`, `CHECKPOINT_CORRUPT` */
export async function findPresent(
  cluster: Cluster,
  app: string,
  wait: TransactionWait,
): Promise<Present & { readonly checkpoint: AppCheckpoint }> {
  const checkpoint = await readAppCheckpoint(cluster, app, wait)
  const { topology, next } = checkpoint.manifest
  if (next === undefined || topology.isRouted !== true) {
    const from = checkpoint.isShared ? 'keyed' : 'single'
    const fromTasks = checkpoint.topic!.partitions.length
    return { from, fromTasks, ...pendingOf(checkpoint), inTransit: 0, checkpoint }
  }
  const merging = await ifKnown(() => readAppCheckpoint(cluster, next.app, wait))
  const routed = await cluster.topics(topicsTo(next))
  const letters = merging && (await findVisibleTopic(cluster, merging.partitions.redriveTopic!))
  const transits = await Promise.all(
    [...routed, ...(letters ? [letters] : [])].map((topic) => unreadOf(cluster, topic, merging)),
  )
  return {
    from: 'routed',
    fromTasks: Math.max(...routed.map(({ partitions }) => partitions.length)),
    ...(merging === undefined ? { pending: 0, promoted: 0 } : pendingOf(merging)),
    inTransit: transits.reduce((sum, count) => sum + count, 0),
    checkpoint,
  }
}

function pendingOf({ manifest, pending, promoted }: AppCheckpoint): Pick<Present, 'pending' | 'promoted'> {
  let promotedCount = 0
  for (const [partition, offset] of promoted) if (pending[partition]!.has(offset)) promotedCount++
  return { pending: manifest.pending, promoted: promotedCount }
}

/** Offsets of a topic of routed records that are not consumed yet. */
async function unreadOf(cluster: Cluster, topic: Topic, merging: AppCheckpoint | undefined): Promise<number> {
  const { starts, ends } = await topicRange(cluster, topic, 'read_committed')
  return ends.reduce((sum, end, partition) => {
    const number = merging?.partitions.numberOf({ topic: topic.name, partition })
    const next = number === undefined ? undefined : merging!.manifest.nextOffsets[number]
    return sum + Math.max(0, end - Math.max(next ?? 0, starts[partition]!))
  }, 0)
}
