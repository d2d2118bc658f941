import { type Cluster, listOffsets, type Topic } from '../../src/kafka/index.ts'
import type { Report } from '../../src/streams/index.ts'
import { atCluster } from '../integration/at-cluster.ts'
import { type Correlation, type CustomerRecord, customers, customerTopology } from '../integration/customers.ts'
import { startQuietly } from '../integration/run.ts'
import type { Stream, Target } from '../integration/target.ts'

export const customerCount = 2_000
/** Outputs leave at once, epochs end late. */
export const longEpochs = { epochMs: 60_000, epochIdleMs: 300, batchBytes: 1_024, partitionFetchBytes: 8_192 }

type Servers = Pick<Target, 'bootstrapServers'>

/** Produces the customers in many batches, so that they come in many turns. */
export async function produceInSteps(stream: Stream, records = customers(customerCount)): Promise<void> {
  for (let from = 0; from < records.length; from += 500) await stream.produce(records.slice(from, from + 500))
}

/** Runs the customers through; an epoch whose outputs had left was open for too long, so that it was aborted and done again. */
export async function runBeyondTimeout(stream: Stream, target: Servers, correlation?: Correlation): Promise<Report> {
  await produceInSteps(stream)
  const { part, isHeld, letGo } = breathHolder()
  const app = await startQuietly(customerTopology(stream, { part }, correlation), target.bootstrapServers, {
    ...longEpochs,
    transactionTimeoutMs: 1_000,
  })
  await isHeld
  await whenOpen(target, stream.sink, true)
  await whenOpen(target, stream.sink, false)
  letGo()
  await app.caughtUp()
  await app.stop()
  return app.report()
}

/** Resolves when a topic has records that no transaction has ended yet, or none of these any more. */
export function whenOpen(target: Servers, name: string, isOpen: boolean): Promise<void> {
  return withTopic(target, name, async (cluster, topic) => {
    for (;;) {
      const stable = await listOffsets(cluster, topic, 'latest', 'read_committed')
      const ends = await listOffsets(cluster, topic, 'latest', 'read_uncommitted')
      if (stable.some((offset, partition) => offset < ends[partition]!) === isOpen) return
    }
  })
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

/** Side A holds its breath at a record until it is let go, when outputs of records before it have left already. */
function breathHolder() {
  const isHeld = Promise.withResolvers<void>()
  const letGo = Promise.withResolvers<void>()
  let count = 0
  const part = async ({ part }: CustomerRecord) => {
    if (++count === customerCount * 0.75) {
      isHeld.resolve()
      await letGo.promise
    }
    return part
  }
  return { part, isHeld: isHeld.promise, letGo: letGo.resolve }
}
