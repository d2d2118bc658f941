import { systemClock } from '../core/clock.ts'
import type { OptionTable } from '../core/options.ts'
import { Cluster, type OpenTransaction, openTransactionText } from '../kafka/index.ts'
import {
  loggedWaits,
  runOptions,
  type Security,
  type SecurityOptions,
  securityOf,
  securityOptions,
  transactionWaitMsDefault,
} from '../streams/index.ts'
import { jsonOption } from './command.ts'
import type { Output } from './output.ts'

/** Options of commands that ask something of brokers. */
export const clusterOptions = {
  bootstrapServers: runOptions.bootstrapServers,
  brokerWaitMs: { ...runOptions.brokerWaitMs, default: 30_000 },
  ...securityOptions,
} as const satisfies OptionTable

/** Options of commands that look at an application from outside, whether it runs or not. */
export const appOptions = {
  app: {
    type: 'string',
    flag: '--app',
    doc: 'Name of the application, which is the name of its topology.',
  },
  ...clusterOptions,
  ...jsonOption,
} as const satisfies OptionTable

/** A cluster that brokers are waited for at as long as the options say, which is told. */
export function clusterOf(
  options: ClusterOptionValues,
  output: Output,
  security: Security = securityOf(options),
): Cluster {
  const { bootstrapServers, brokerWaitMs: retryMs = clusterOptions.brokerWaitMs.default } = options
  const waits = loggedWaits('millrace', output.logger, systemClock)
  return new Cluster({ bootstrapServers, retryMs, waits, ...security })
}

type ClusterOptionValues = SecurityOptions & { bootstrapServers: string; brokerWaitMs: number | undefined }

/** Options of those among them that read its topics to their ends. */
export const readingOptions = {
  ...appOptions,
  decompressedBytesMax: runOptions.decompressedBytesMax,
  transactionWaitMs: {
    type: 'int',
    default: transactionWaitMsDefault,
    min: 0,
    max: 3_600_000,
    flag: '--transaction-wait-ms',
    doc: 'How long a transaction is waited for that is open in a topic, in milliseconds.',
  },
} as const satisfies OptionTable

/** Says what is waited for. */
export function tellOfWaiting(output: Output) {
  return (open: OpenTransaction) => output.note(`waiting for ${openTransactionText(open)}`)
}

/** Does something at a cluster, which is left afterwards. */
export async function atCluster<Result>(
  options: ClusterOptionValues,
  output: Output,
  work: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = clusterOf(options, output)
  try {
    return await work(cluster)
  } finally {
    await cluster.close()
  }
}
