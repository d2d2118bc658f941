import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type Cluster, listOffsets, type Topic } from '../../src/kafka/index.ts'
import type { Report } from '../../src/streams/index.ts'
import { atCluster } from '../integration/at-cluster.ts'
import { type Correlation, type CustomerRecord, customers, customerTopology } from '../integration/customers.ts'
import { startQuietly } from '../integration/run.ts'
import type { Stream, Target } from '../integration/target.ts'
import { until } from '../until.ts'

export const customerCount = 2_000
/** Outputs leave at once, epochs end late. */
export const longEpochs = { epochMs: 60_000, epochIdleMs: 300, batchBytes: 1_024, partitionFetchBytes: 8_192 }

type Servers = Pick<Target, 'bootstrapServers'>

/** Produces the customers in many batches, so that they come in many turns. */
export async function produceInSteps(stream: Stream, records = customers(customerCount)): Promise<void> {
  for (let from = 0; from < records.length; from += 500) await stream.produce(records.slice(from, from + 500))
}

/**
 * Runs the customers through; an epoch whose outputs had left was open for too long, so that it was aborted and done
 * again: the main loop stood still.
 */
export async function runBeyondTimeout(stream: Stream, target: Servers, correlation?: Correlation): Promise<Report> {
  await produceInSteps(stream)
  const part = stallingPart(stream, target)
  const app = await startQuietly(customerTopology(stream, { part }, correlation), target.bootstrapServers, {
    ...longEpochs,
    transactionTimeoutMs: 2_000,
  })
  await app.caughtUp
  await app.stop()
  return app.report()
}

/** Resolves when a topic has records that no transaction has ended yet, or none of these any more. */
export async function whenOpen(target: Servers, name: string, isOpen: boolean): Promise<void> {
  await withTopic(target, name, (cluster, topic) =>
    until(`a transaction is ${isOpen ? 'open' : 'over'}`, async () => {
      const stable = await listOffsets(cluster, topic, 'latest', 'read_committed')
      const ends = await listOffsets(cluster, topic, 'latest', 'read_uncommitted')
      return stable.some((offset, partition) => offset < ends[partition]!) === isOpen
    }),
  )
}

export function withTopic<Result>(
  target: Servers,
  name: string,
  use: (cluster: Cluster, topic: Topic) => Promise<Result>,
): Promise<Result> {
  return atCluster(target, async (cluster) => {
    const [topic] = await cluster.topics([name])
    return use(cluster, topic!)
  })
}

/**
 * Side A stands still at a record, once outputs of records before it have left, until their transaction has been ended.
 */
function stallingPart({ sink }: Stream, target: Servers) {
  let count = 0
  return async ({ part }: CustomerRecord) => {
    if (++count === customerCount * 0.75) {
      await whenOpen(target, sink, true)
      execFileSync(process.execPath, [join(import.meta.dirname, 'until-ended.ts'), target.bootstrapServers, sink])
    }
    return part
  }
}
