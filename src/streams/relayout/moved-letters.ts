import { encodeHeader, headersWithout, plainRecord, type RecordColumns, writePlainRecord } from '../../kernel/index.ts'
import { topicRange, untilStable } from '../../kafka/index.ts'
import { readDeadLetter, type ReadLetter } from '../admin/dead-letter-reader.ts'
import { deadLetterHeaders } from '../dead-letters/dead-letter.ts'
import { RedrivenPlaces } from '../redrive/redrive-topic.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { encodeRecordPlaces } from '../tasks/record-header.ts'
import { TimestampWindow } from '../time/timestamp-window.ts'
import { deadLetterSink, findRedriveTopic } from '../topics/program-topics.ts'
import { readRecords } from '../topics/record-reader.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { MoveTransaction } from './move-transaction.ts'

/** How long open transactions are waited for, in milliseconds. */
const waitMs = 30_000
/** How long a letter may take until a broker looks at it. */
const letterLateMs = 60_000

/**
 * Takes the dead letters of what merges in the layout `routed` along, to those of the program, which go on being read in
 * any layout: they name the records that their parts were made from. Those that have been redriven are left out: what
 * has become of these is pending, merged or a letter of its own. Whatever else is in the topic goes along as it is.
 *
 * @param partitions - Those that what merges has consumed.
 */
export async function moveLetters(
  { cluster, plan, topics }: KafkaServices,
  partitions: SourcePartitions,
  to: KafkaServices,
  move: MoveTransaction,
): Promise<void> {
  const redriveTopic = await findRedriveTopic(cluster, plan.redriveTopic, partitions.redrivenCount)
  const redriven = await RedrivenPlaces.read(cluster, redriveTopic, { waitMs })
  const topic = topics.sinks[deadLetterSink]!
  const range = await topicRange(cluster, topic)
  await untilStable(cluster, topic, range.ends, { waitMs })
  const toTopic = to.topics.sinks[deadLetterSink]!
  const out = move.out(toTopic)
  const times = new TimestampWindow(to.topics.timestamps[deadLetterSink]!, to.clock, letterLateMs)
  await readRecords({ cluster, topic, range }, async (columns) => {
    for (let row = 0; row < columns.count && columns.offset[row]! < range.ends[columns.partition]!; row++) {
      const read = readDeadLetter(columns, row, partitions)
      const isLeft = read?.consumed.map((place) => redriven.placeOf(place) === undefined) ?? [true]
      if (!isLeft.includes(true)) continue
      const partition = (read?.letter.origins[0]?.partition ?? columns.partition) % toTopic.partitions.length
      writePlainRecord(out, partition, times.nearest(columns.timestamp[row]!), letterOf(columns, row, read, isLeft))
    }
    await move.room()
  })
  await move.stored()
}

/** A letter as it is; of a row of which some parts have been redriven, with the names of the others alone. */
function letterOf(columns: RecordColumns, row: number, read: ReadLetter | undefined, isLeft: readonly boolean[]) {
  const letter = plainRecord(columns, row)
  if (read?.records === undefined || !isLeft.includes(false)) return letter
  const { headerCount, headers } = headersWithout(columns, row, deadLetterHeaders.records)
  const left = read.records.filter((_, part) => isLeft[part])
  const records = encodeHeader(deadLetterHeaders.records, Buffer.from(encodeRecordPlaces(left)))
  return { ...letter, headerCount: headerCount + 1, headers: Buffer.concat([headers, records]) }
}
