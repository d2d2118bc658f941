import { MillraceError } from '../../core/errors.ts'
import type { CompletedCounts } from '../../kernel/index.ts'
import type { Class, Totals } from '../epochs/epoch-counts.ts'
import { expiryTopics } from '../topology/plan-leaving.ts'
import type { Plan } from '../topology/plan.ts'
import type { Expiry } from '../topology/plan-leaving.ts'
import type { Layout } from '../topology/layout.ts'
import type { LookupTable, ProgramTable } from '../topology/table.ts'
import type { Digest } from './digest.ts'
import { laneCountOf } from '../topology/plan-sources.ts'
import type { SourcePartition } from '../topics/source-partitions.ts'
import { shapeOf, type TopologyShape } from './topology-shape.ts'
import { readShape, type WrittenShape, writtenShape } from './written-shape.ts'

/**
 * What an epoch leaves behind in the checkpoint topic: where the program is. Arrays are by the number of the source
 * partition, where nothing else is said.
 */
export interface Manifest {
  readonly format: 1
  /** Number of the epoch, from 1. */
  readonly epoch: number
  /** When it was closed, in milliseconds since 1970. */
  readonly closedMs: number
  readonly topology: TopologyShape
  /** Topics that merged records and expired rows have gone to since the program first started. */
  readonly outputs: readonly string[]
  /**
   * Topic ids of these and of the dead letters' topic when they were first written to, by name; absent in checkpoints
   * of older versions.
   */
  readonly outputIds?: Readonly<Record<string, string>> | undefined
  /** Those of the outputs in which a record may lie elsewhere than where its merge key would; absent for none. */
  readonly spread?: readonly string[] | undefined
  /** Absent where parts never expire. */
  readonly expiry?: Expiry | undefined
  /** The subtopology that reads the merged records; absent where they are what the topology publishes. */
  readonly next?: NextSubtopology | undefined
  /** Topic ids, by source of the topology; after them that of the topic of redriven letters once it has been read. */
  readonly sourceIds: readonly string[]
  /**
   * Topics that were sources in an earlier version of the program, which keep the numbers of their partitions; absent for
   * none.
   */
  readonly former?: readonly FormerSource[] | undefined
  /** Which partition of which source each number means. */
  readonly partitions: readonly SourcePartition[]
  /** Offsets consumed first, and to be consumed next. */
  readonly startOffsets: readonly number[]
  readonly nextOffsets: readonly number[]
  readonly totals: Totals
  /**
   * Parts that were pending when another layout was left, by partition: they were consumed before `startOffsets`, and
   * belong to the account. Absent for none.
   */
  readonly brought?: readonly number[] | undefined
  /** The time that records tell; absent where nothing expires by it. */
  readonly eventTimes?: EventTimes | undefined
  /** Number of pending parts, and their digest under the seed that keys are hashed with. */
  readonly pending: number
  readonly digest: readonly [number, number]
  /** Whether the digest is not known yet: they came from another layout, where keys are hashed with another seed. */
  readonly isDigestOpen?: true | undefined
  readonly hashSeed: readonly [number, number]
  /** Keys that are completed, of one over several tasks in all; absent where they are not remembered. */
  readonly completed?: CompletedCounts | undefined
  /** Tables that functions change; then all pending parts are promoted as they were made. Absent for none. */
  readonly tables?: readonly KeptTableShape[] | undefined
  /** Tables that functions look up; then these parts are promoted so too. Absent for none. */
  readonly lookups?: readonly LookupShape[] | undefined
  /** Open windows, and what has become of those that were; absent where there are none. */
  readonly windows?: KeptWindows | undefined
  /** Epoch of the base of each partition, 0 for none; its pieces; and the pieces of deltas since. */
  readonly baseEpochs: readonly number[]
  readonly basePieces: readonly number[]
  readonly deltaPieces: readonly number[]
  /** Of which task it is, whose arrays are those of its partitions, in their order; absent where there is one task. */
  readonly task?: TaskOfManifest | undefined
  /** The layout to which the program has moved, and goes on from there; absent where it goes on from here. */
  readonly movedTo?: Layout | undefined
}

/** The task that a manifest is of, of how many, and the transactional id of the member that has written it. */
export interface TaskOfManifest {
  readonly number: number
  readonly count: number
  readonly writer: string
  /** The numbers of its partitions among those of all tasks. */
  readonly numbers: readonly number[]
  /** How many partitions each source has; absent where each of them has one for each task. */
  readonly partitionCounts?: readonly number[]
}

/** A table of the program: its name, the names of its codecs, how many rows it has, and their digest. */
export interface KeptTableShape {
  readonly name: string
  readonly key: string
  readonly value: string
  readonly rows: number
  readonly digest: Digest
}

/** A table that a topic fills, and that topic. */
export interface LookupShape {
  readonly name: string
  readonly topic: string
}

/** How many rows open windows have, and their digest; records taken into windows, and results published, since the start. */
export interface KeptWindows {
  readonly rows: number
  readonly digest: Digest
  readonly taken: number
  readonly results: number
  /** Results that functions have left out, and the records that these were of; absent for none. */
  readonly leftOut?: number
  readonly leftOutRecords?: number
}

/** A topic that is no source any more, and the topic id that it had. */
export interface FormerSource {
  readonly topic: string
  readonly id: string
}

/** Its name, and the topics on the way to it. */
export interface NextSubtopology {
  readonly app: string
  readonly topic: string
  /** The other ones; absent where there is one. */
  readonly others?: readonly string[]
}

/** The topics on the way to a subtopology. */
export function topicsTo({ topic, others = [] }: NextSubtopology): string[] {
  return [topic, ...others]
}

/** What of the event clock stands in a checkpoint. Numbers are milliseconds since 1970; null is before any record. */
export interface EventTimes {
  readonly nowMs: number | null
  /** The greatest timestamp consumed, by source partition. */
  readonly highestMs: readonly (number | null)[]
  /**
   * Where parts are routed: what their partitions tell of the sources, by number; null of others, and where nothing was
   * told yet. Absent where no parts are read.
   */
  readonly routed?: readonly (RoutedTime | null)[]
}

/** How far the sources of routed parts are read. */
export interface RoutedTime {
  /**
   * Source partitions, by their numbers where parts are made: the greatest timestamp, whether more was to be read, and the
   * offset to be read next.
   */
  readonly reads: readonly (readonly [source: number, ms: number | null, isBehind: 0 | 1, nextOffset: number])[]
}

export const manifestFormat = 1

/** That of programs that have given up a source, whose partitions versions before would not know. */
const formerFormat = 3
/** That of programs with tables, whose rows versions before would lose. */
const tablesFormat = 5
/** That of programs that look tables up, whose promoted parts versions before would show to functions. */
const lookupsFormat = 6
/** That of programs with windows, whose rows versions before would lose. */
const windowsFormat = 7
/** That of one of several tasks, which versions before would take for all there is. */
const taskFormat = 8
/** That of programs that have left a layout, or come from one, which versions before would not see. */
const movedFormat = 9
/** That of programs that have redriven letters, each partition of a source in one of its own; 2 and 4 had others. */
const redrivenFormat = 10

const formats = [
  manifestFormat,
  formerFormat,
  tablesFormat,
  lookupsFormat,
  windowsFormat,
  taskFormat,
  movedFormat,
  redrivenFormat,
] as const
type Format = (typeof formats)[number]

/** A manifest as it is written: that of a single source as before there were several. */
type WrittenManifest = Omit<Manifest, 'format' | 'topology' | 'sourceIds' | 'partitions' | 'totals'> & {
  readonly format: Format
  readonly topology: WrittenShape
  readonly totals: WrittenTotals
} & ({ readonly sourceId: string } | WrittenSources)

interface WrittenSources {
  readonly sourceIds: readonly string[]
  readonly partitions: readonly (readonly [source: number, partition: number, index?: number])[]
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  const { topology, sourceIds, partitions, ...rest } = manifest
  const { format: _, epoch, closedMs, outputs, outputIds, expiry, ...others } = rest
  const [sourceId, another] = sourceIds
  const sources =
    another === undefined &&
    others.former === undefined &&
    others.task === undefined &&
    !partitions.some(({ index }) => index !== undefined)
      ? { sourceId: sourceId! }
      : { sourceIds, partitions: partitions.map(writtenPartition) }
  const written: WrittenManifest = {
    format: formatOf(manifest),
    epoch,
    closedMs,
    topology: writtenShape(topology),
    outputs,
    outputIds,
    expiry,
    ...sources,
    ...others,
    totals: writtenTotals(others.totals),
  }
  return Buffer.from(JSON.stringify(written))
}

/** The oldest one that says all of it. */
function formatOf({
  topology: { sources },
  task,
  tables,
  lookups,
  windows,
  former,
  sourceIds,
  brought,
  isDigestOpen,
  movedTo,
}: Manifest): Format {
  if (sourceIds.length > sources.length) return redrivenFormat
  if (movedTo !== undefined || isDigestOpen || brought !== undefined) return movedFormat
  if (task !== undefined) return taskFormat
  if (windows !== undefined) return windowsFormat
  if (lookups !== undefined) return lookupsFormat
  if (tables !== undefined) return tablesFormat
  return former === undefined ? manifestFormat : formerFormat
}

function writtenPartition({ source, partition, index }: SourcePartition) {
  return index === undefined ? ([source, partition] as const) : ([source, partition, index] as const)
}

/** Versions before do not know these. */
const laterTotals = ['superseded', 'redriven', 'aggregated', 'late'] as const
type LaterTotals = Pick<Totals, (typeof laterTotals)[number]>
type WrittenTotals = Omit<Totals, keyof LaterTotals> & Partial<LaterTotals>

function writtenTotals(totals: Totals): WrittenTotals {
  const written: Partial<Record<Class, readonly number[]>> = { ...totals }
  for (const name of laterTotals) if (!totals[name].some((count) => count > 0)) delete written[name]
  return written as WrittenTotals
}

function readManifest({ topology, ...written }: WrittenManifest): Manifest {
  const { totals } = written
  const none = totals.emitted.map(() => 0)
  const later = { superseded: none, redriven: none, aggregated: none, late: none }
  const rest = { ...written, format: manifestFormat, totals: { ...later, ...totals } } as const
  if ('sourceId' in rest) {
    const { sourceId, ...others } = rest
    const partitions = others.nextOffsets.map((_, partition) => ({ source: 0, partition }))
    return { ...others, topology: readShape(topology), sourceIds: [sourceId], partitions }
  }
  const partitions = rest.partitions.map(([source, partition, index]) => ({
    source,
    partition,
    ...(index !== undefined && { index }),
  }))
  return { ...rest, topology: readShape(topology), partitions }
}

/** What a manifest has for each partition: some twenty numbers of up to 16 digits. */
const partitionBytesMax = 374
/** What it has besides of each where there are redriven letters. */
const redrivenBytesMax = 17
/** What else it has of fixed size, with the ids of up to three topics. */
const frameBytesMax = 1280
/** The topic id of an output. */
const outputBytesMax = 40
/** What it has besides of each source, its topic id, and of each partition, which one it is, where there are several. */
const sourceBytesMax = 40
const placeBytesMax = 16
/** What it has of each table besides its name and those of its codecs: numbers and what stands around them. */
const tableBytesMax = 120
/** What it has of windows. */
const windowsBytesMax = 240

/**
 * Bytes that the manifest of a program may take, while its outputs do not move.
 *
 * @param partitionCount - Each lane counts.
 * @param redrivenCount - Lanes of all partitions of redriven letters. @defaultValue none
 */
export function manifestBytesMax(plan: Plan, partitionCount: number, redrivenCount = 0): number {
  const { correlate, deadLetterTopic, next, tables, lookups, aggregation } = plan
  const topics = plan.sinks.map(({ topic }) => topic)
  const outputs = [...topics, ...expiryTopics(correlate.expiry), deadLetterTopic]
  const names = Buffer.byteLength(
    JSON.stringify([
      shapeOf(plan),
      topics,
      topics,
      correlate.expiry,
      outputs,
      next?.name,
      topics,
      lookups.map(lookupShape),
    ]),
  )
  const sourceCount = plan.sources.length + Number(redrivenCount > 0)
  const hasPlaces = sourceCount > 1 || plan.sources.some((source) => laneCountOf(source) > 1)
  const allCount = partitionCount + redrivenCount
  const places = !hasPlaces ? 0 : sourceCount * sourceBytesMax + allCount * placeBytesMax
  const eachBytesMax = partitionBytesMax + (redrivenCount > 0 ? redrivenBytesMax : 0)
  const ofTables = tables.reduce((sum, table) => sum + tableBytesMax + tableNamesBytes(table), 0)
  const ofWindows = aggregation === undefined ? 0 : windowsBytesMax
  return (
    frameBytesMax + names + ofWindows + outputs.length * outputBytesMax + places + ofTables + allCount * eachBytesMax
  )
}

function tableNamesBytes({ name, key, value }: ProgramTable): number {
  return name.length + Buffer.byteLength(key.name) + Buffer.byteLength(value.name)
}

export function lookupShape({ name, topic }: LookupTable): LookupShape {
  return { name, topic }
}

/** Whether pending parts are promoted as functions have made them. */
export function hasFinishedParts({ tables, lookups }: Pick<Manifest, 'tables' | 'lookups'>): boolean {
  return tables !== undefined || lookups !== undefined
}

/** @throws MillraceError `CHECKPOINT_CORRUPT` */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let manifest: { readonly format?: unknown } | null
  try {
    manifest = JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    throw corrupt('its manifest is not JSON', error)
  }
  if (!formats.some((format) => format === manifest?.format)) {
    throw corrupt(
      `its format is ${String(manifest?.format)}, where this version of Millrace knows ${formats.join(', ')}`,
    )
  }
  const read = readManifest(manifest as WrittenManifest)
  if (manifest!.format !== redrivenFormat && read.sourceIds.length > read.topology.sources.length)
    throw corrupt('its letters were redriven by an earlier version of Millrace, which has put them elsewhere')
  return read
}

export function corrupt(what: string, cause?: unknown): MillraceError {
  return new MillraceError('CHECKPOINT_CORRUPT', `the checkpoint cannot be used: ${what}`, {}, cause)
}
