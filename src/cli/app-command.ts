import type { OptionTable } from '../core/options.ts'
import { Cluster } from '../kafka/index.ts'
import { runOptions, type SecurityOptions, securityOf, securityOptions } from '../streams/index.ts'
import { jsonOption } from './command.ts'

/** Options of commands that look at an application from outside, whether it runs or not. */
export const appOptions = {
  app: {
    type: 'string',
    flag: '--app',
    doc: 'Name of the application, which is the name of its topology.',
  },
  bootstrapServers: runOptions.bootstrapServers,
  ...securityOptions,
  ...jsonOption,
} as const satisfies OptionTable

/** Does something at a cluster, which is left afterwards. */
export async function atCluster<Result>(
  options: SecurityOptions & { bootstrapServers: string },
  work: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = new Cluster({ bootstrapServers: options.bootstrapServers, ...securityOf(options) })
  try {
    // At once, where later requests would be tried again for minutes.
    await cluster.anyConnection()
    return await work(cluster)
  } finally {
    await cluster.close()
  }
}
