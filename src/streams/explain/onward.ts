import { type Cluster, type Topic, topicRange, untilStable } from '../../kafka/index.ts'
import {
  headerOf,
  originsHeaderName,
  partsFrom,
  plainRecord,
  readOrigins,
  type RecordColumns,
} from '../../kernel/index.ts'
import { type NextSubtopology, topicsTo } from '../checkpoint/manifest.ts'
import { readRecords } from '../topics/record-reader.ts'
import { requireRights, rightsToExplain } from '../topics/rights.ts'
import type { Origin } from '../topics/source-partitions.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import {
  type AppCheckpoint,
  findTopic,
  ifKnown,
  readAppCheckpoint,
  requireReading,
  topicsOf,
} from '../admin/app-checkpoint.ts'
import type { ReadingLimits } from '../admin/at-brokers.ts'
import { readDeadLetter } from '../admin/dead-letter-reader.ts'

/** What became of a merged record in the subtopology that reads it. */
export interface OnwardRecord {
  /** That subtopology. */
  readonly app: string
  /** The record, in the internal topic. */
  readonly record: Origin
  /** `unread`, `pending`, or that it has left: then it is told as what, unless nothing tells of it, as of what is filtered. */
  readonly state: 'unread' | 'pending' | 'left'
  /** Records that were published of it, with their keys as text. */
  readonly published: readonly (Origin & { readonly key: string })[]
  /** Dead letters of it, by their reasons. */
  readonly deadLetters: readonly string[]
  /** What became of what was published, where yet another subtopology reads it. */
  readonly onward?: readonly OnwardRecord[]
}

/** Follows merged records into the next subtopology, and on. Reads all that it has published, and its dead letters. */
export async function onwardOf(
  cluster: Cluster,
  next: NextSubtopology,
  records: readonly Origin[],
  limits: ReadingLimits,
): Promise<OnwardRecord[]> {
  const { app } = next
  const own = records.filter((record) => topicsTo(next).includes(record.topic))
  if (own.length === 0) return []
  await requireReading(cluster, app)
  const checkpoint = await ifKnown(() => readAppCheckpoint(cluster, app, limits.wait))
  const followed = own.map((record) => new Followed(app, record, checkpoint))
  if (checkpoint === undefined) return followed.map((each) => each.told)
  const { manifest, partitions } = checkpoint
  await requireRights(cluster, app, rightsToExplain(topicsOf(checkpoint)))
  for (const name of manifest.outputs) {
    await readAll(cluster, name, limits, (columns, row) => {
      const header = headerOf(columns, row, originsHeaderName)
      const parts = (header && readOrigins(header)?.flatMap(partsFrom)) ?? []
      const place = { topic: name, partition: columns.partition, offset: columns.offset[row]! }
      const origins = parts.flatMap((part) => partitions.originOf(part) ?? [])
      const { key = new Uint8Array() } = plainRecord(columns, row)
      for (const each of followed) if (each.isAmong(origins)) each.published.push({ ...place, key: textOf(key) })
    })
  }
  await readAll(cluster, ownTopics(app).deadLetterTopic, limits, (columns, row) => {
    const read = readDeadLetter(columns, row, partitions)
    if (read === undefined) return
    for (const each of followed) if (each.isAmong(read.inSources)) each.deadLetters.push(read.letter.reason)
  })
  const { next: afterNext } = manifest
  return Promise.all(
    followed.map(async ({ told }) => {
      const onward = afterNext && (await onwardOf(cluster, afterNext, told.published, limits))
      return { ...told, ...(onward && { onward }) }
    }),
  )
}

/** A record, and what is found of it. */
class Followed {
  readonly published: (Origin & { key: string })[] = []
  readonly deadLetters: string[] = []
  readonly #app: string
  readonly #record: Origin
  readonly #state: OnwardRecord['state']

  constructor(app: string, { topic, partition, offset }: Origin, checkpoint: AppCheckpoint | undefined) {
    this.#app = app
    this.#record = { topic, partition, offset }
    this.#state = stateIn(checkpoint, this.#record)
  }

  /** What was found has left, also since the checkpoint. */
  get told(): OnwardRecord {
    const { published, deadLetters } = this
    const hasLeft = published.length + deadLetters.length > 0
    return { app: this.#app, record: this.#record, state: hasLeft ? 'left' : this.#state, published, deadLetters }
  }

  isAmong(origins: readonly Origin[]): boolean {
    const { topic, partition, offset } = this.#record
    return origins.some((each) => each.topic === topic && each.partition === partition && each.offset === offset)
  }
}

function stateIn(checkpoint: AppCheckpoint | undefined, record: Origin): OnwardRecord['state'] {
  const number = checkpoint?.partitions.numberOf(record)
  if (number === undefined || record.offset >= checkpoint!.manifest.nextOffsets[number]!) return 'unread'
  return checkpoint!.pending[number]!.has(record.offset) ? 'pending' : 'left'
}

async function readAll(
  cluster: Cluster,
  name: string,
  { wait, ...limits }: ReadingLimits,
  visit: (columns: RecordColumns, row: number) => void,
): Promise<void> {
  const topic: Topic | undefined = await findTopic(cluster, name)
  if (topic === undefined) return
  const range = await topicRange(cluster, topic)
  await untilStable(cluster, topic, range.ends, wait)
  await readRecords({ cluster, topic, range, ...limits }, (columns) => {
    for (let row = 0; row < columns.count; row++) visit(columns, row)
  })
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
