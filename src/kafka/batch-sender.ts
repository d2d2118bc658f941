import { brokerErrors, refusal } from './broker-error.ts'
import type { Cluster, Topic } from './cluster.ts'
import { decodeProduce, encodeProduce, produceApi } from './produce-protocol.ts'

export interface ReadyBatch {
  partition: number
  /** A finished record batch. */
  bytes: Uint8Array
}

const inFlightMax = 5
const requestBytesMax = 4 << 20
const replicationTimeoutMs = 30_000

/**
 * Writes record batches that are finished already, several requests at a time, as they are: without idempotence, so the
 * order within a partition holds only while nothing fails, and a failure is final.
 *
 * @throws KafkaError
 */
export async function sendBatches(
  cluster: Cluster,
  topic: Topic,
  batches: Iterable<ReadyBatch>,
  onSent: (bytes: number) => void,
): Promise<void> {
  const underWay = new Set<Promise<void>>()
  for (const request of requests(topic, batches)) {
    if (underWay.size >= inFlightMax) await Promise.race(underWay)
    const sending = send(cluster, topic, request).then(() => onSent(request.bytes))
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

async function send(cluster: Cluster, topic: Topic, { leader, batches }: BatchRequest): Promise<void> {
  const connection = await cluster.connection(leader, 'produce')
  const partitions = [...batches].map(([partition, records]) => ({ partition, records }))
  const body = encodeProduce([{ name: topic.name, partitions }], null, replicationTimeoutMs)
  await new Promise<void>((resolve, reject) => {
    connection.request({
      api: produceApi,
      body,
      parse: ({ buffer }, start, end) => decodeProduce(buffer, start, end),
      onResponse({ answers }) {
        const refused = answers.find(({ errorCode }) => errorCode !== brokerErrors.none)
        if (refused === undefined) return resolve()
        reject(refusal(refused.errorCode, `writing to topic "${topic.name}", partition ${refused.partition}`))
      },
      onFailed: reject,
    })
  })
}
