import { Cluster } from '../../src/kafka/index.ts'

/** What a piece of work with a client of its own comes to. */
export async function atCluster<Result>(
  { bootstrapServers }: { readonly bootstrapServers: string },
  work: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = new Cluster({ bootstrapServers })
  try {
    return await work(cluster)
  } finally {
    await cluster.close()
  }
}
