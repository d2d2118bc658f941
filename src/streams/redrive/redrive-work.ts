import { MillraceError } from '../../core/errors.ts'
import {
  type Cluster,
  countGroupMembers,
  type Topic,
  type TopicRange,
  topicRange,
  untilStable,
} from '../../kafka/index.ts'
import { contentBytes, headersBefore, isOfRow, plainRecord, type RecordColumns } from '../../kernel/index.ts'
import {
  type AppCheckpoint,
  findTopic,
  readAppCheckpoint,
  requireReading,
  unknownApp,
} from '../admin/app-checkpoint.ts'
import type { ReadingLimits } from '../admin/at-brokers.ts'
import { type ReadLetter, readDeadLetter } from '../admin/dead-letter-reader.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { movedOf } from '../checkpoint/moved-record.ts'
import { deadLetterHeaders } from '../dead-letters/dead-letter.ts'
import { findRedriveTopic } from '../topics/program-topics.ts'
import { readRecords } from '../topics/record-reader.ts'
import { requireRights, rightsToRedrive } from '../topics/rights.ts'
import type { Origin } from '../topics/source-partitions.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import type { IsChosen } from './letter-choice.ts'
import { ensureRedriveTopic, RedrivenPlaces } from './redrive-topic.ts'
import { type LetterRecord, RedriveWriter } from './redrive-writer.ts'
import type { RedrivenReason, RedriveReport } from './redrive-report.ts'
import { copyOf, readSourceRecords, type SourceRecord } from './source-records.ts'

/** Bytes of letters that are written in one transaction. */
const transactionBytes = 32 << 20
/** What a candidate takes beside its record, about. */
const candidateBytes = 512

/** What was asked for besides which letters are chosen. */
interface Request {
  readonly skipGone: boolean
  readonly dryRun: boolean
}

/** A record that a chosen letter is of, which is to be redriven. */
interface Candidate {
  readonly read: ReadLetter
  readonly consumed: Origin
  /** Undefined where the letter only refers to it. */
  readonly record: SourceRecord | undefined
}

type Counts = { -readonly [Name in keyof RedrivenReason]: RedrivenReason[Name] }

/**
 * One request to redrive dead letters.
 *
 * Steps: bound the letters, then read the checkpoint, which has consumed all that they are of; become the only one who
 * writes, then read what is redriven already; read the letters, and write those that are chosen and are not, some at a
 * time, each time all or none.
 */
export class RedriveWork {
  readonly #cluster: Cluster
  readonly #app: string
  readonly #limits: ReadingLimits
  readonly #request: Request
  readonly #checkpoint: AppCheckpoint
  /** From where on records were consumed, by partition. */
  readonly #startOffsets: readonly number[]
  readonly #letters: Letters
  readonly #places: RedrivenPlaces
  /** That records are read from again, by name. */
  readonly #topics: ReadonlyMap<string, Topic>
  /** Absent in a dry run. */
  readonly #writer: RedriveWriter | undefined
  readonly #reasons = new Map<string, Counts>()
  #candidates: Candidate[] = []
  #candidateBytes = 0

  private constructor(parts: WorkParts) {
    this.#cluster = parts.cluster
    this.#app = parts.app
    this.#limits = parts.limits
    this.#request = parts.request
    this.#checkpoint = parts.checkpoint
    this.#startOffsets = parts.startOffsets
    this.#letters = parts.letters
    this.#places = parts.places
    this.#topics = parts.topics
    this.#writer = parts.writer
  }

  static async begin(cluster: Cluster, app: string, limits: ReadingLimits, request: Request): Promise<RedriveWork> {
    await requireReading(cluster, app)
    const letters = await findLetters(cluster, app, limits)
    const checkpoint = await readAppCheckpoint(cluster, app, limits.wait)
    const startOffsets = startOffsetsOf(checkpoint)
    await requireRights(cluster, app, rightsToRedrive(app, sourcesOf(checkpoint)))
    const sources = await sourceTopics(cluster, checkpoint)
    const { redriveTopic: name } = ownTopics(app)
    const partitionCount = checkpoint.partitions.redrivenCount
    const needs = { name, topics: [letters.topic, ...sources], partitionCount }
    const topic = request.dryRun
      ? await findRedriveTopic(cluster, name, partitionCount)
      : await ensureRedriveTopic(cluster, needs)
    const writer = request.dryRun ? undefined : await RedriveWriter.begin(cluster, app, topic!)
    const places = await RedrivenPlaces.read(cluster, topic, limits.wait)
    const topics = new Map([...sources, ...(topic === undefined ? [] : [topic])].map((each) => [each.name, each]))
    return new RedriveWork({
      cluster,
      app,
      limits,
      request,
      checkpoint,
      startOffsets,
      letters,
      places,
      topics,
      writer,
    })
  }

  get manifest(): Manifest {
    return this.#checkpoint.manifest
  }

  async run(isChosen: IsChosen): Promise<RedriveReport> {
    const { topic, range } = this.#letters
    const { partitions } = this.#checkpoint
    const { decompressedBytesMax } = this.#limits
    await readRecords({ cluster: this.#cluster, topic, range, decompressedBytesMax }, async (columns) => {
      for (let row = 0; row < columns.count && columns.offset[row]! < range.ends[columns.partition]!; row++) {
        const read = readDeadLetter(columns, row, partitions)
        if (read !== undefined && isChosen(read, columns, row)) this.#take(read, columns, row)
      }
      if (this.#candidateBytes >= transactionBytes) await this.#settle()
    })
    await this.#settle()
    const members = await countGroupMembers(this.#cluster, this.#app)
    const reasons = [...this.#reasons.values()].toSorted((a, b) => b.letters - a.letters)
    return {
      app: this.#app,
      reasons,
      redriven: reasons.reduce((sum, { redriven }) => sum + redriven, 0),
      isDryRun: this.#request.dryRun,
      isRunning: (members ?? 0) > 0,
    }
  }

  end(): void {
    this.#writer?.stop()
  }

  #take(read: ReadLetter, columns: RecordColumns, row: number): void {
    const { reason } = read.letter
    const counts = this.#countsOf(reason)
    counts.letters++
    for (const consumed of read.consumed) {
      if (!this.#isConsumed(consumed)) counts.foreign++
      else if (consumed.index !== undefined && read.extent === undefined) counts.ofFlatMaps++
      else if (this.#places.placeOf(consumed) !== undefined) counts.alreadyRedriven++
      else {
        const record = isOfRow(reason) || read.isElsewhere ? undefined : recordIn(read, columns, row)
        this.#places.add(consumed, consumed)
        this.#candidates.push({ read, consumed, record })
        this.#candidateBytes += (record === undefined ? 0 : contentBytes(record.record)) + candidateBytes
      }
    }
  }

  /** Redrives what has been chosen so far. */
  async #settle(): Promise<void> {
    const candidates = this.#candidates
    this.#candidates = []
    this.#candidateBytes = 0
    const referred = candidates.filter(({ record }) => record === undefined).map(({ consumed }) => consumed)
    const found = await readSourceRecords(this.#cluster, this.#topics, referred, this.#limits)
    const letters: LetterRecord[] = []
    let gone: Candidate | undefined
    for (const candidate of candidates) {
      const record = candidate.record ?? found.get(candidate.consumed)
      const counts = this.#countsOf(candidate.read.letter.reason)
      if (record === undefined) {
        gone ??= candidate
        counts.gone++
      } else {
        counts.redriven++
        letters.push(this.#letterOf(candidate, record))
      }
    }
    if (this.#writer === undefined) return
    if (gone !== undefined && !this.#request.skipGone) throw this.#goneError(gone)
    await this.#writer.write(letters)
  }

  #letterOf(
    { read: { letter, inSources, extent }, consumed }: Candidate,
    { record, timestampMs, letter: before }: SourceRecord,
  ): LetterRecord {
    const { reason } = letter
    // The letter of a row says where its parts were consumed, and one that was redriven says the rest.
    const {
      redriven = 0,
      topic,
      partition,
      offset,
    } = isOfRow(reason)
      ? { ...consumed, ...before }
      : { ...inSources[0]!, redriven: letter.redriven ?? before?.redriven }
    // Whatever it was redriven with, a part is of the record at the index where it was consumed.
    const lane = consumed.index === undefined ? {} : { index: consumed.index, ...(extent && { extent }) }
    return {
      letter: { topic, partition, offset, ...lane, consumed, reason, redriven: redriven + 1 },
      record,
      timestampMs,
      partition: this.#checkpoint.partitions.redrivenPartitionOf({ topic, partition }),
    }
  }

  /** Whether the application, as its checkpoint has it, has consumed a record there. */
  #isConsumed(place: Origin): boolean {
    const { partitions, manifest } = this.#checkpoint
    const number = partitions.numberOf(place)
    // A source that is read no more would have nobody to take it in.
    if (number === undefined || manifest.former?.some(({ topic }) => topic === place.topic)) return false
    return place.offset >= this.#startOffsets[number]! && place.offset < manifest.nextOffsets[number]!
  }

  #countsOf(reason: string): Counts {
    let counts = this.#reasons.get(reason)
    if (counts === undefined) {
      counts = { reason, letters: 0, redriven: 0, alreadyRedriven: 0, gone: 0, ofFlatMaps: 0, foreign: 0 }
      this.#reasons.set(reason, counts)
    }
    return counts
  }

  #goneError({ consumed, read: { letter } }: Candidate): MillraceError {
    const { topic, partition, offset } = consumed
    const text = `a dead letter with ${letter.reason} only refers to its record, which is gone: partition ${partition}, offset ${offset} of topic "${topic}"; choose others, or skip what is gone`
    return new MillraceError('REDRIVE_RECORD_GONE', text, { app: this.#app, reason: letter.reason, ...consumed })
  }
}

interface WorkParts {
  readonly cluster: Cluster
  readonly app: string
  readonly limits: ReadingLimits
  readonly request: Request
  readonly checkpoint: AppCheckpoint
  readonly startOffsets: readonly number[]
  readonly letters: Letters
  readonly places: RedrivenPlaces
  readonly topics: ReadonlyMap<string, Topic>
  readonly writer: RedriveWriter | undefined
}

interface Letters {
  readonly topic: Topic
  readonly range: TopicRange
}

async function findLetters(cluster: Cluster, app: string, { wait }: ReadingLimits): Promise<Letters> {
  const { deadLetterTopic } = ownTopics(app)
  const topic = await findTopic(cluster, deadLetterTopic)
  if (topic === undefined) throw unknownApp(app, `there is no topic "${deadLetterTopic}"`)
  const range = await topicRange(cluster, topic)
  await untilStable(cluster, topic, range.ends, wait)
  return { topic, range }
}

/** Where an account has begun anew, what was consumed before was in another layout. */
function startOffsetsOf({ manifest, records }: AppCheckpoint): readonly number[] {
  const { startOffsets } = manifest
  return movedOf(records)?.counted === undefined ? startOffsets : startOffsets.map(() => 0)
}

function sourcesOf({ manifest }: AppCheckpoint): string[] {
  return manifest.topology.sources.map(({ topic }) => topic)
}

/** The topics of the sources that are still those which were consumed. */
async function sourceTopics(cluster: Cluster, checkpoint: AppCheckpoint): Promise<Topic[]> {
  const found = await Promise.all(sourcesOf(checkpoint).map((topic) => findTopic(cluster, topic)))
  return found.flatMap((topic, source) => (topic?.id === checkpoint.manifest.sourceIds[source] ? [topic!] : []))
}

/** The record in a letter, as it was in its source; undefined where there is nothing but the letter's own headers. */
function recordIn(
  { headerCount, timestampMs }: ReadLetter,
  columns: RecordColumns,
  row: number,
): SourceRecord | undefined {
  const { key, value, headerCount: allCount } = plainRecord(columns, row)
  if (key === undefined && value === undefined && headerCount === allCount) return undefined
  const headers = headersBefore(columns, row, deadLetterHeaders.reason)
  const record = copyOf({ key, value, ...headers })
  return { record, timestampMs: timestampMs ?? columns.timestamp[row]!, letter: undefined }
}
