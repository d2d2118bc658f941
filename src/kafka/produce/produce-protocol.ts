import type { produce, RequestInputOf, ResponseOf } from '../../protocol/index.ts'

type ProduceRequest = RequestInputOf<typeof produce>
export type ProduceTopic = ProduceRequest['topicData'][number]

const acksAll = -1
/** Time a leader may take to have a batch on all replicas. */
const replicationTimeoutMs = 30_000

/** Record batches for the partitions of one leader, at most one for each; they are not copied. */
export function produceRequest(topics: readonly ProduceTopic[], transactionalId: string | null): ProduceRequest {
  return { transactionalId, acks: acksAll, timeoutMs: replicationTimeoutMs, topicData: topics }
}

export type ProduceResponse = ResponseOf<typeof produce>

export interface ProduceAnswer {
  topic: string
  partition: number
  errorCode: number
  errorMessage: string | null
  baseOffset: number
  /** The time of the broker that its records bear now, in milliseconds since 1970; -1 where they keep their own. */
  appendedMs: number
}

/** What a leader says of each batch. */
export function answersIn({ responses }: ProduceResponse): ProduceAnswer[] {
  return responses.flatMap(({ name, partitionResponses }) =>
    partitionResponses.map(({ index, errorCode, errorMessage, baseOffset, logAppendTimeMs }) => ({
      topic: name,
      partition: index,
      errorCode,
      errorMessage,
      baseOffset,
      appendedMs: logAppendTimeMs,
    })),
  )
}
