import { noProducer, type OutputBatch } from './output-batch.ts'
import { OutputBuilder } from './output-builder.ts'
import { type PlainRecord, writePlainRecord } from './plain-record.ts'

/** A record batch with one record, at an offset of its own. */
export function recordBatchOf(offset: number, timestamp: number, record: PlainRecord): Buffer {
  const filled: OutputBatch[] = []
  const builder = new OutputBuilder({
    sink: 0,
    partitionCount: 1,
    batchBytes: 0,
    onFilled: (batch) => filled.push(batch),
  })
  writePlainRecord(builder, 0, timestamp, record)
  builder.flush()
  const batch = filled[0]!.seal(noProducer)
  // The checksum does not cover it.
  batch.writeBigInt64BE(BigInt(offset), 0)
  return batch
}
