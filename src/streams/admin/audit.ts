import { type Cluster, type Topic, topicConfig, type TopicRange, topicRange } from '../../kafka/index.ts'
import { headerOf, type Origin, originsHeaderName, readOrigins } from '../../kernel/index.ts'
import { accountsOf, isBalanced, type PartitionAccount } from '../accounting.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { ownTopics } from '../plan.ts'
import { readRecords } from '../record-reader.ts'
import { findTopic, readAppCheckpoint } from './app-checkpoint.ts'
import { readDeadLetter } from './dead-letter-reader.ts'
import { type Contradiction, Evidence, listedMax } from './evidence.ts'
import { type TracedClass, tracedClasses } from './offset-classes.ts'

export interface AuditOptions {
  readonly app: string
  /** Bytes that one compressed record batch may open to. @defaultValue 64 MiB */
  readonly decompressedBytesMax?: number
}

/** A class of which the broker has another number of offsets than the account. */
export interface Miscount {
  readonly partition: number
  readonly class: TracedClass
  readonly counted: number
  readonly found: number
}

export interface AuditReport {
  readonly app: string
  /** The last epoch that had committed, and when it was closed, in milliseconds since 1970. */
  readonly epoch: number
  readonly closedMs: number
  /**
   * `proved`: every consumed offset has exactly one class. `wrong`: some have none or two, or the account does not agree.
   * `unproved`: nothing contradicts the account, but records that would prove it have been removed.
   */
  readonly verdict: 'proved' | 'wrong' | 'unproved'
  /** The account that was audited. */
  readonly accounting: readonly PartitionAccount[]
  /** Offsets with two classes, the first ten. */
  readonly twice: { readonly count: number; readonly first: readonly Contradiction[] }
  /** Offsets that should have a class and have none, the first ten; listed only where nothing has been removed. */
  readonly without: { readonly count: number; readonly first: readonly Origin[] }
  readonly miscounts: readonly Miscount[]
  /** Partitions whose classes do not add up to what was consumed. */
  readonly unbalanced: readonly number[]
  /** Topics that have lost records, by retention, compaction or hand. */
  readonly removedFrom: readonly string[]
  /** Records in topics of the application that are of others, or from before it was reset. */
  readonly foreignRecords: number
}

/**
 * Proves from the broker alone that every offset that an application has consumed has exactly one class: by its checkpoint,
 * by what merged records and dead letters say of their origins, and by the gaps of the source. What was filtered leaves no
 * trace; it is what remains. The application may run meanwhile.
 *
 * @throws EngineError `APP_UNKNOWN`, `CHECKPOINT_CORRUPT`
 */
export async function audit(cluster: Cluster, { app, decompressedBytesMax }: AuditOptions): Promise<AuditReport> {
  const checkpoint = await readAppCheckpoint(cluster, app)
  const { manifest } = checkpoint
  const evidence = new Evidence(checkpoint)
  const limits = { cluster, ...(decompressedBytesMax !== undefined && { decompressedBytesMax }) }

  // Where topics end is asked for now, so that they have all that the checkpoint's epoch has brought, and perhaps more.
  const outputs = await Promise.all(manifest.outputs.map((name) => findLog(cluster, name)))
  const letters = await findLog(cluster, ownTopics(app).deadLetterTopic)
  const source = await findSource(cluster, manifest)
  for (const log of outputs) {
    await readLog(log, (request) =>
      readRecords({ ...limits, ...request }, (columns) => {
        for (let row = 0; row < columns.count; row++) {
          const value = headerOf(columns, row, originsHeaderName)
          evidence.addOutput(value && readOrigins(value))
        }
      }),
    )
  }
  await readLog(letters, (request) =>
    readRecords({ ...limits, ...request }, (columns) => {
      for (let row = 0; row < columns.count; row++) evidence.addDeadLetter(readDeadLetter(columns, row))
    }),
  )
  if (evidence.isUnconfirmed) evidence.confirm((await readAppCheckpoint(cluster, app)).pending)
  await readLog(source, async ({ topic, range }) => {
    const next = Array.from(range.starts)
    await readRecords({ ...limits, topic, range }, ({ partition, count, offset }) => {
      const end = range.ends[partition]!
      for (let row = 0; row < count && offset[row]! < end; row++) {
        evidence.addGap(partition, next[partition]!, offset[row]!)
        next[partition] = offset[row]! + 1
      }
    })
    next.forEach((from, partition) => evidence.addGap(partition, from, range.ends[partition]!))
  })
  return judge(app, manifest, evidence, { outputs, letters, source })
}

/** A topic as far as it still has what was written to it. */
interface Log {
  readonly name: string
  readonly isWhole: boolean
  /** Absent where it is gone. */
  readonly present?: { readonly topic: Topic; readonly range: TopicRange }
}

async function findLog(cluster: Cluster, name: string): Promise<Log> {
  const topic = await findTopic(cluster, name)
  if (topic === undefined) return { name, isWhole: false }
  const range = await topicRange(cluster, topic)
  const isWhole = range.starts.every((start) => start === 0) && !(await isCompacted(cluster, name))
  return { name, isWhole, present: { topic, range } }
}

/** The source as far as it was consumed. Where a cleaner makes gaps, gaps say nothing. */
async function findSource(cluster: Cluster, { topology, sourceId, startOffsets, nextOffsets }: Manifest): Promise<Log> {
  const name = topology.source
  const topic = await findTopic(cluster, name)
  if (topic?.id !== sourceId || (await isCompacted(cluster, name))) return { name, isWhole: false }
  const logStarts = (await topicRange(cluster, topic)).starts
  const isWhole = startOffsets.every((start, partition) => logStarts[partition]! <= start)
  const starts = startOffsets.map((start, partition) => Math.max(start, logStarts[partition]!))
  const ends = nextOffsets.map((next, partition) => Math.max(next, starts[partition]!))
  return { name, isWhole, present: { topic, range: { starts, ends } } }
}

async function isCompacted(cluster: Cluster, topic: string): Promise<boolean> {
  return (await topicConfig(cluster, topic, 'cleanup.policy'))?.includes('compact') ?? false
}

async function readLog({ present }: Log, read: (log: NonNullable<Log['present']>) => Promise<void>): Promise<void> {
  if (present !== undefined) await read(present)
}

function judge(
  app: string,
  manifest: Manifest,
  evidence: Evidence,
  logs: { outputs: readonly Log[]; letters: Log; source: Log },
): AuditReport {
  const { epoch, closedMs, startOffsets, nextOffsets } = manifest
  const { classes, contradictions, contradictionCount, foreignRecords } = evidence
  const accounting = accountsOf(
    manifest,
    classes.map((found) => found.count('pending')),
  )
  const unbalanced = accounting.filter((account) => !isBalanced(account)).map(({ partition }) => partition)
  const miscounts = accounting.flatMap((account) => {
    const found = classes[account.partition]!
    return tracedClasses
      .map((name) => ({ partition: account.partition, class: name, counted: account[name], found: found.count(name) }))
      .filter((each) => each.counted !== each.found)
  })
  const isLost = lossesOf(logs)
  const unexplained = miscounts.filter((each) => each.found > each.counted || !isLost[each.class])
  const isWrong = contradictionCount > 0 || unbalanced.length > 0 || unexplained.length > 0
  const removedFrom = [...logs.outputs, logs.letters, logs.source].filter(({ isWhole }) => !isWhole)

  const without = removedFrom.length > 0 ? [] : accounting.filter((account) => missing(account) > 0)
  function missing({ partition, consumed, filtered, lost }: PartitionAccount): number {
    const named = tracedClasses.reduce((sum, name) => sum + classes[partition]!.count(name), 0)
    return consumed - filtered - lost - named
  }
  const first = without.flatMap(({ partition }) =>
    classes[partition]!.without(startOffsets[partition]!, nextOffsets[partition]!, listedMax).map((offset) => ({
      partition,
      offset,
    })),
  )
  return {
    app,
    epoch,
    closedMs,
    verdict: isWrong ? 'wrong' : miscounts.length > 0 ? 'unproved' : 'proved',
    accounting,
    twice: { count: contradictionCount, first: contradictions },
    without: { count: without.reduce((sum, account) => sum + missing(account), 0), first: first.slice(0, listedMax) },
    miscounts,
    unbalanced,
    removedFrom: removedFrom.map(({ name }) => name),
    foreignRecords,
  }
}

/** Classes of which offsets may be without a trace because records have been removed. */
function lossesOf({ outputs, letters, source }: { outputs: readonly Log[]; letters: Log; source: Log }) {
  const areOutputsLost = outputs.some(({ isWhole }) => !isWhole)
  return {
    emitted: areOutputsLost,
    pending: false,
    duplicate: !letters.isWhole,
    deadLettered: !letters.isWhole,
    expired: areOutputsLost || !letters.isWhole,
    skipped: !source.isWhole,
  } satisfies Record<TracedClass, boolean>
}
