import { sleep } from '../../core/clock.ts'
import { apis } from '../network/apis.ts'
import { errorCode, isRetriable } from '../../protocol/index.ts'
import { refusal } from '../cluster/broker-error.ts'
import type { Wait } from '../cluster/broker-waits.ts'
import type { Cluster, Topic } from '../cluster/cluster.ts'
import { answersIn, type ProduceAnswer, produceRequest } from './produce-protocol.ts'
import { retryDelayMs } from '../cluster/retry.ts'

export interface ReadyBatch {
  partition: number
  /** A finished record batch. */
  bytes: Uint8Array
}

const inFlightMax = 5
const requestBytesMax = 4 << 20

/**
 * Writes record batches that are finished already, several requests at a time, as they are: without idempotence, so the
 * order within a partition holds only while nothing is refused, and a lost connection is final.
 *
 * @param onSent - Called for each request with its bytes, and with what the leader said of its batches.
 * @throws KafkaError
 */
export async function sendBatches(
  cluster: Cluster,
  topic: Topic,
  batches: Iterable<ReadyBatch>,
  onSent: (bytes: number, answers: readonly ProduceAnswer[]) => void,
): Promise<void> {
  const underWay = new Set<Promise<void>>()
  for (const request of requests(topic, batches)) {
    if (underWay.size >= inFlightMax) await Promise.race(underWay)
    const sending = send(cluster, topic, request).then((answers) => onSent(request.bytes, answers))
    underWay.add(sending)
    void sending.finally(() => underWay.delete(sending)).catch(() => {})
  }
  await Promise.all(underWay)
}

/** What one request carries to one leader: at most one batch per partition. */
interface BatchRequest {
  leader: number
  batches: Map<number, Buffer>
  bytes: number
}

function* requests(topic: Topic, batches: Iterable<ReadyBatch>): Generator<BatchRequest> {
  const open = new Map<number, BatchRequest>()
  for (const { partition, bytes } of batches) {
    const { leader } = topic.partitions[partition]!
    let request = open.get(leader)
    if (request !== undefined && (request.batches.has(partition) || request.bytes + bytes.length > requestBytesMax)) {
      yield request
      request = undefined
    }
    if (request === undefined) open.set(leader, (request = { leader, batches: new Map(), bytes: 0 }))
    request.batches.set(partition, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    request.bytes += bytes.length
  }
  yield* open.values()
}

/** Sends a request, and again what its leader refuses for now, as one does that has just begun to lead. */
async function send(cluster: Cluster, topic: Topic, { leader, batches }: BatchRequest): Promise<ProduceAnswer[]> {
  const { clock, random, deadlineMs, signal, waits } = cluster.retryPolicy
  const endMs = clock.monotonicMs() + deadlineMs
  const stored: ProduceAnswer[] = []
  let left = batches
  let wait: Wait | undefined
  for (let attempt = 0; ; attempt++) {
    const refused: ProduceAnswer[] = []
    for (const answer of await produce(cluster, topic, leader, left)) {
      if (answer.errorCode === errorCode.none) stored.push(answer)
      else refused.push(answer)
    }
    if (refused.length === 0) {
      wait?.end()
      return stored
    }
    const { errorCode: code, partition } = refused.find((answer) => !isRetriable(answer.errorCode)) ?? refused[0]!
    if (!isRetriable(code) || clock.monotonicMs() > endMs) {
      throw refusal(code, `writing to topic "${topic.name}", partition ${partition}`)
    }
    wait ??= waits.begin(`writing to "${topic.name}"`)
    wait.failed(refusal(code, `writing to topic "${topic.name}", partition ${partition}`))
    left = new Map(refused.map((answer) => [answer.partition, left.get(answer.partition)!]))
    await sleep(clock, retryDelayMs(attempt, random), signal)
  }
}

async function produce(
  cluster: Cluster,
  topic: Topic,
  leader: number,
  batches: ReadonlyMap<number, Buffer>,
): Promise<ProduceAnswer[]> {
  const connection = await cluster.connection(leader, 'produce')
  const partitionData = [...batches].map(([index, records]) => ({ index, records: [records] }))
  const response = await connection.ask(apis.produce, produceRequest([{ name: topic.name, partitionData }], null))
  connection.allow(response.throttleTimeMs)
  return answersIn(response)
}
