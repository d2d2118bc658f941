import { type Cluster, fetchGroupOffsets, listOffsets, type Topic } from '../../kafka/index.ts'

/** Offsets of its sources that an application has still to consume, of all partitions together. */
export async function backlogOf(cluster: Cluster, app: string, sources: readonly Topic[]): Promise<number> {
  const backlogs = await Promise.all(sources.map((source) => backlogOfOne(cluster, app, source)))
  return backlogs.reduce((sum, backlog) => sum + backlog, 0)
}

async function backlogOfOne(cluster: Cluster, app: string, source: Topic): Promise<number> {
  const partitionCount = source.partitions.length
  const [committed, starts, ends] = await Promise.all([
    fetchGroupOffsets(cluster, app, source.name, partitionCount, { requireStable: false }),
    listOffsets(cluster, source, 'earliest'),
    listOffsets(cluster, source, 'latest'),
  ])
  return ends.reduce((sum, end, partition) => sum + Math.max(0, end - (committed[partition] ?? starts[partition]!)), 0)
}
