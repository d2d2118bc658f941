import { sleep } from '../../core/clock.ts'
import { KafkaError } from '../../core/errors.ts'
import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import { retryDelayMs } from '../cluster/retry.ts'
import { listOffsets } from './list-offsets.ts'

/** A transaction that keeps what was written to a partition since from being read with `read_committed`. */
export interface OpenTransaction {
  readonly topic: string
  readonly partition: number
  /** Its first offset there. */
  readonly offset: number
  /** Absent where the broker does not tell, such as for want of rights. */
  readonly producerId?: number
  readonly transactionalId?: string
}

export interface TransactionWait {
  /** How long an open transaction is waited for. */
  readonly waitMs: number
  /** Told once that there is one to wait for. */
  readonly onWaiting?: ((open: OpenTransaction) => void) | undefined
}

/** Transactions of programs that run are over by then. */
const usualMs = 1_000

/**
 * Resolves when all of a topic up to `ends` can be read with `read_committed`.
 *
 * @throws KafkaError `KAFKA_TRANSACTION_OPEN`
 */
export async function untilStable(
  cluster: Cluster,
  topic: Topic,
  ends: readonly number[],
  { waitMs, onWaiting }: TransactionWait,
): Promise<void> {
  const { clock, random, retryPolicy } = cluster
  const startMs = clock.monotonicMs()
  let isTold = false
  for (let attempt = 0; ; attempt++) {
    const stable = await listOffsets(cluster, topic, 'latest', 'read_committed')
    const partition = ends.findIndex((end, each) => stable[each]! < end)
    if (partition < 0) return
    const waitedMs = clock.monotonicMs() - startMs
    const isOver = waitedMs >= waitMs
    if (isOver || (!isTold && waitedMs >= usualMs)) {
      const open = await describe(cluster, topic, partition, stable[partition]!)
      if (!isTold) onWaiting?.(open)
      if (isOver) throw openError(open, waitMs)
      isTold = true
    }
    const dueMs = (isTold ? waitMs : Math.min(usualMs, waitMs)) - waitedMs
    await sleep(clock, Math.min(dueMs, retryDelayMs(attempt, random)), retryPolicy.signal)
  }
}

/** What is open, for people. */
export function openTransactionText({
  topic,
  partition,
  offset,
  producerId,
  transactionalId,
}: OpenTransaction): string {
  const whose =
    transactionalId === undefined
      ? `a transaction of ${producerId === undefined ? 'a producer that the broker does not tell' : `producer ${producerId}`}`
      : `the transaction of "${transactionalId}" (producer ${producerId})`
  return `${whose}, open in topic "${topic}", partition ${partition}, since offset ${offset}`
}

/** Finds whose transaction it is, as far as the brokers tell. */
async function describe(cluster: Cluster, topic: Topic, partition: number, offset: number): Promise<OpenTransaction> {
  const place = { topic: topic.name, partition, offset }
  const producerId = await producerAt(cluster, topic, partition).catch(() => undefined)
  if (producerId === undefined) return place
  const ids = await Promise.all(
    cluster.nodeIds.map((nodeId) => transactionalIdAt(cluster, nodeId, producerId).catch(() => undefined)),
  )
  const transactionalId = ids.find((id) => id !== undefined)
  return { ...place, producerId, ...(transactionalId !== undefined && { transactionalId }) }
}

/** The producer whose transaction is the oldest that is open in a partition. */
async function producerAt(cluster: Cluster, { name }: Topic, partition: number): Promise<number | undefined> {
  const [topic] = await cluster.topics([name])
  const connection = await cluster.connection(topic!.partitions[partition]!.leader, 'admin')
  const { topics } = await connection.ask(apis.describeProducers, {
    topics: [{ name, partitionIndexes: [partition] }],
  })
  const open = topics[0]!.partitions[0]!.activeProducers.filter((each) => each.currentTxnStartOffset >= 0)
  return open.toSorted((a, b) => a.currentTxnStartOffset - b.currentTxnStartOffset)[0]?.producerId
}

/** Its transactional id, if this broker is its coordinator. */
async function transactionalIdAt(cluster: Cluster, nodeId: number, producerId: number): Promise<string | undefined> {
  const connection = await cluster.connection(nodeId, 'admin')
  const { transactionStates } = await connection.ask(apis.listTransactions, {
    stateFilters: [],
    producerIdFilters: [producerId],
  })
  return transactionStates[0]?.transactionalId
}

function openError(open: OpenTransaction, waitMs: number): KafkaError {
  return new KafkaError(
    'KAFKA_TRANSACTION_OPEN',
    `${openTransactionText(open)}, has not ended within ${waitMs} ms: what came after it cannot be read`,
    { ...open },
  )
}
