import { writeInt64 } from '../protocol/index.ts'
import { crc32c } from '@node-rs/crc32'

/** One record: its length, three zeros, the key (version, type), the value (version, coordinator epoch), no headers. */
const record = Buffer.from('20000000' + '08' + '00000000' + '0c' + '000000000000' + '00', 'hex')
const recordBytesAt = 61
const typeAt = recordBytesAt + 7
const commitType = 1
const transactionalControl = 0x30
const logAppendTimeFlag = 0x08

/** Makes the control batch that ends the transaction of a producer in one partition. */
export function transactionMarker(options: {
  producerId: number
  epoch: number
  isCommit: boolean
  timestampMs: number
  /** Whether its partition gives all batches the time of their arrival. */
  isLogAppendTime: boolean
}): Buffer {
  const batch = Buffer.alloc(recordBytesAt + record.length)
  record.copy(batch, recordBytesAt)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(transactionalControl | (options.isLogAppendTime ? logAppendTimeFlag : 0), 21)
  writeInt64(batch, options.timestampMs, 27)
  writeInt64(batch, options.timestampMs, 35)
  writeInt64(batch, options.producerId, 43)
  batch.writeInt16BE(options.epoch, 51)
  batch.writeInt32BE(-1, 53)
  batch.writeInt32BE(1, 57)
  if (options.isCommit) batch.writeInt16BE(commitType, typeAt)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}
