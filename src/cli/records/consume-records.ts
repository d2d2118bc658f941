import { sleep, systemClock } from '../../core/clock.ts'
import { type Cluster, type Topic, type TopicRange, topicRange } from '../../kafka/index.ts'
import { headersOf, plainRecord, type RecordColumns } from '../../kernel/index.ts'
import { readRecords } from '../../streams/index.ts'

/** How often is looked for more, in milliseconds. */
const pollMs = 200

/** A record; what is undefined is null in it. */
export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: Uint8Array | undefined
  readonly value: Uint8Array | undefined
  readonly headers: readonly (readonly [name: string, value: Uint8Array | undefined])[]
}

export interface ConsumeChoice {
  /** Whether what is there already is read. */
  readonly from: 'earliest' | 'latest'
  /** Whether it goes on at the end, until `signal` aborts. */
  readonly follows: boolean
  /** As many at most. @defaultValue no bound */
  readonly limit: number | undefined
  readonly signal: AbortSignal
}

/**
 * Gives on the committed records of a topic, in the order of each partition.
 *
 * @param take - Returns false where no more are wanted.
 * @returns How many were given on.
 */
export async function consumeRecords(
  cluster: Cluster,
  topic: Topic,
  { from, follows, limit = Infinity, signal }: ConsumeChoice,
  take: (record: ReadRecord) => Promise<boolean>,
): Promise<number> {
  let count = 0
  let isWanted = limit > 0
  const visit = async (columns: RecordColumns, { starts, ends }: TopicRange) => {
    const { partition } = columns
    for (let row = 0; row < columns.count && isWanted; row++) {
      const offset = columns.offset[row]!
      // A batch may reach over both ends of what is asked for.
      if (offset < starts[partition]! || offset >= ends[partition]!) continue
      isWanted = (await take(readRecord(columns, row))) && ++count < limit && !signal.aborted
    }
  }
  let range = await topicRange(cluster, topic, 'read_committed')
  if (from === 'latest') range = { starts: range.ends, ends: range.ends }
  for (;;) {
    const now = range
    await readRecords({ cluster, topic, range: now }, (columns) => visit(columns, now))
    if (!follows || !isWanted || signal.aborted) return count
    await sleep(systemClock, pollMs, signal).catch(() => {})
    if (signal.aborted) return count
    const { ends } = await topicRange(cluster, topic, 'read_committed')
    range = { starts: now.ends, ends }
  }
}

function readRecord(columns: RecordColumns, row: number): ReadRecord {
  const { key, value } = plainRecord(columns, row)
  return {
    partition: columns.partition,
    offset: columns.offset[row]!,
    timestampMs: columns.timestamp[row]!,
    key,
    value,
    headers: headersOf(columns, row).map(([name, content]) => [Buffer.from(name).toString(), content] as const),
  }
}
