import type { Origin } from '../topics/source-partitions.ts'

/**
 * Says of a routed part whose record was redriven where that was in its source, as `topic/partition/offset`, and with a
 * flatMap `/index`: the place that a part has beside its side is that of the redriven letter.
 */
export const recordHeader = 'millrace.record'

export function encodeRecordPlace({ topic, partition, offset, index }: Origin): Uint8Array {
  return Buffer.from([topic, partition, offset, ...(index === undefined ? [] : [index])].join('/'))
}

export function readRecordPlace(bytes: Uint8Array): Origin {
  const [topic = '', partition, offset, index] = Buffer.from(bytes).toString().split('/')
  const lane = index === undefined ? {} : { index: Number(index) }
  return { topic, partition: Number(partition), offset: Number(offset), ...lane }
}
