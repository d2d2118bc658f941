import { type Cluster, topicRange, type TransactionWait, untilStable } from '../../kafka/index.ts'
import { headersOf, plainRecord, type RecordColumns } from '../../kernel/index.ts'
import { resolveOptions } from '../../core/options.ts'
import { readRecords } from '../topics/record-reader.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { type Origin, SourcePartitions } from '../topics/source-partitions.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { findAppCheckpoint, findTopic, ifKnown, ofNext, requireReading, unknownApp } from './app-checkpoint.ts'
import { readingAtBrokers, type ReadingLimits, type ReadingOptions } from './at-brokers.ts'
import { deadLetterHeaders } from '../dead-letters/dead-letter.ts'
import { letterOptions } from '../question-options.ts'
import { originChoice, requireKnownOrigin, topicsOfRecords } from './origin-choice.ts'
import { reasonChoice } from './reason-choice.ts'
import { readDeadLetter, type ReadLetter } from './dead-letter-reader.ts'
import { type Redriven, RedrivenFates } from '../redrive/redriven-fates.ts'

/** Which dead letters are read. */
export interface LetterChoice {
  /** Only those with this reason, such as `STAGE_FAILED`, or one of several, separated by commas. @defaultValue all */
  readonly reason?: string | undefined
  /** The newest ones of each partition, this many at most in all, from 1 to 1,000. @defaultValue 100 */
  readonly limit?: number | undefined
  /**
   * Only those of the record that was at `partition@offset` or `topic:partition@offset`, or of a `topic:partition` or a
   * topic. @defaultValue all
   */
  readonly origin?: string | undefined
}

/** Which application's dead letters are read, and how its brokers are reached. */
export interface DeadLettersOptions extends ReadingOptions, LetterChoice {}

/** A dead letter as it stands in its topic. */
export interface KeptLetter {
  /** The application, or the one of its subtopologies whose dead letter it is. */
  readonly app: string
  /** Where the letter is. */
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly reason: string
  readonly cause: string
  /** Where the record was that it is made of; of a row that expired, where its parts were. */
  readonly topic: string
  readonly origins: readonly Origin[]
  /** How often it had been redriven when it became this letter; absent where it never was. */
  readonly redriven?: number
  /** What has become of it where it was redriven; a newer letter is looked for where this one was. */
  readonly redrive?: Redriven
  /** Key and value as text, the latter up to 16,384 characters; absent where the record has none. */
  readonly key?: string
  readonly value?: string
  /** Bytes of the whole value. */
  readonly valueBytes: number
  /** Headers of the record as text, without those that tell of the dead letter. */
  readonly headers: readonly (readonly [name: string, value: string | null])[]
}

/** Offsets at the end of each partition that are looked at: a topic of dead letters may be any size. */
const looksPerPartition = 10_000
const valueCharactersMax = 16_384

/**
 * Reads the newest dead letters of an application, newest first by their timestamps: among the last 10,000 of each
 * partition.
 *
 * @throws MillraceError `APP_UNKNOWN`, `KAFKA_RIGHTS_MISSING`; KafkaError; ConfigError `CONFIG_INVALID_VALUE`
 *
 * @example
 * const letters = await deadLetters({ app: 'customer-360', reason: 'NOT_JSON', bootstrapServers: 'localhost:9092' })
 */
export function deadLetters({ reason, limit, origin, ...options }: DeadLettersOptions): Promise<KeptLetter[]> {
  const choice = resolveOptions(letterOptions, { given: { reason, limit, origin } })
  return readingAtBrokers(options, async (cluster, app, limits) => {
    const { letters, topics } = await keptLetters(cluster, app, choice, limits)
    if (letters.length === 0 && origin !== undefined && topics !== undefined) requireKnownOrigin(origin, topics)
    return letters
  })
}

interface ResolvedChoice {
  readonly reason: string | undefined
  readonly limit: number
  readonly origin: string | undefined
}

interface LettersAndTopics {
  readonly letters: KeptLetter[]
  /** Where their records may have been; undefined where that is not known. */
  readonly topics: readonly string[] | undefined
}

/** Those of the subtopologies after it as well. */
async function keptLetters(
  cluster: Cluster,
  app: string,
  choice: ResolvedChoice,
  limits: ReadingLimits,
): Promise<LettersAndTopics> {
  const { letters, manifest } = await lettersOf(cluster, app, choice, limits)
  const next = await ofNext(manifest ?? {}, (name) => keptLetters(cluster, name, choice, limits))
  return {
    letters: newest([...letters, ...(next?.letters ?? [])], choice.limit),
    topics: manifest && topicsOfRecords(manifest, next?.topics),
  }
}

async function lettersOf(
  cluster: Cluster,
  app: string,
  { reason, limit, origin }: ResolvedChoice,
  { wait, decompressedBytesMax }: ReadingLimits,
): Promise<{ letters: KeptLetter[]; manifest: Manifest | undefined }> {
  await requireReading(cluster, app)
  const { deadLetterTopic: name } = ownTopics(app)
  const topic = await findTopic(cluster, name)
  if (topic === undefined) throw unknownApp(app, `there is no topic "${name}"`)
  const range = await newestRange(cluster, topic, wait)
  const checkpoint = await ifKnown(() => findAppCheckpoint(cluster, app, wait))
  // Origins of expired rows are among them; none where no epoch has committed yet.
  const partitions = checkpoint?.partitions ?? new SourcePartitions([])
  const fates = await RedrivenFates.read(cluster, app, checkpoint, wait)
  const isOfReason = reason === undefined ? undefined : reasonChoice(reason)
  const isThere = origin === undefined ? undefined : originChoice(origin)
  const found: FoundLetter[] = []
  await readRecords({ cluster, topic, range, decompressedBytesMax }, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const read = readDeadLetter(columns, row, partitions)
      if (read === undefined) continue
      fates.note(read.consumed)
      const { letter } = read
      if ((isOfReason?.(letter.reason) ?? true) && (isThere === undefined || letter.origins.some(isThere))) {
        found.push(foundLetter(app, read, columns, row))
      }
    }
    // Offsets of a partition ascend, and so the first ones are the oldest.
    if (found.length > 4 * limit) found.splice(0, found.length, ...newest(found, limit))
  })
  const letters = newest(found, found.length).map(({ consumed, ...letter }) => {
    const redrive = fates.of(consumed)
    return redrive === undefined ? letter : { ...letter, redrive }
  })
  return { letters, manifest: checkpoint?.manifest }
}

type FoundLetter = KeptLetter & Pick<ReadLetter, 'consumed'>

async function newestRange(cluster: Cluster, topic: Parameters<typeof topicRange>[1], wait: TransactionWait) {
  const { starts, ends } = await topicRange(cluster, topic)
  await untilStable(cluster, topic, ends, wait)
  return { starts: starts.map((start, partition) => Math.max(start, ends[partition]! - looksPerPartition)), ends }
}

function newest<Letter extends KeptLetter>(letters: readonly Letter[], limit: number): Letter[] {
  return letters.toSorted((a, b) => b.timestampMs - a.timestampMs || b.offset - a.offset).slice(0, limit)
}

function foundLetter(app: string, { letter, consumed }: ReadLetter, columns: RecordColumns, row: number): FoundLetter {
  const { key, value } = plainRecord(columns, row)
  return {
    app,
    partition: columns.partition,
    offset: columns.offset[row]!,
    timestampMs: columns.timestamp[row]!,
    ...letter,
    consumed,
    ...(key && { key: textOf(key) }),
    ...(value && { value: textOf(value) }),
    valueBytes: value?.length ?? 0,
    headers: headersOf(columns, row).flatMap(([name, content]) => headerText(textOf(name), content)),
  }
}

const ownHeaders: ReadonlySet<string> = new Set(Object.values(deadLetterHeaders))

function headerText(name: string, content: Uint8Array | undefined): [string, string | null][] {
  return ownHeaders.has(name) ? [] : [[name, content === undefined ? null : textOf(content)]]
}

/** Bytes that are no UTF-8 become the character that stands for such. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 4 * valueCharactersMax))
    .toString()
    .slice(0, valueCharactersMax)
}
