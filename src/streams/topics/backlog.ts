import { type Cluster, fetchGroupOffsets, listOffsets, type Topic } from '../../kafka/index.ts'

/** Offsets of a source that an application has still to consume, of all partitions together. */
export async function backlogOf(cluster: Cluster, app: string, source: Topic): Promise<number> {
  const partitionCount = source.partitions.length
  const [committed, starts, ends] = await Promise.all([
    fetchGroupOffsets(cluster, app, source.name, partitionCount, { requireStable: false }),
    listOffsets(cluster, source, 'earliest'),
    listOffsets(cluster, source, 'latest'),
  ])
  return ends.reduce((sum, end, partition) => sum + Math.max(0, end - (committed[partition] ?? starts[partition]!)), 0)
}
