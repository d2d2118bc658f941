import { MillraceError } from '../../core/errors.ts'
import type { Totals } from '../epochs/epoch-counts.ts'
import type { Expiry, Plan } from '../topology/plan.ts'
import { shapeOf, type TopologyShape } from './topology-shape.ts'

/** What an epoch leaves behind in the checkpoint topic: where the program is. Arrays are by source partition. */
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
  /** Absent where parts never expire. */
  readonly expiry?: Expiry | undefined
  /** Topic id of the source. */
  readonly sourceId: string
  /** Offsets consumed first, and to be consumed next. */
  readonly startOffsets: readonly number[]
  readonly nextOffsets: readonly number[]
  readonly totals: Totals
  /** The time that records tell; absent where nothing expires by it. */
  readonly eventTimes?: EventTimes | undefined
  /** Number of pending parts, and their digest under the seed that keys are hashed with. */
  readonly pending: number
  readonly digest: readonly [number, number]
  readonly hashSeed: readonly [number, number]
  /** Absent where completed keys are not remembered. */
  readonly completed?: CompletedCounts | undefined
  /** Epoch of the base of each partition, 0 for none; its pieces; and the pieces of deltas since. */
  readonly baseEpochs: readonly number[]
  readonly basePieces: readonly number[]
  readonly deltaPieces: readonly number[]
}

/** What of the event clock stands in a checkpoint. Numbers are milliseconds since 1970; null is before any record. */
export interface EventTimes {
  readonly nowMs: number | null
  /** The greatest timestamp consumed, by source partition. */
  readonly highestMs: readonly (number | null)[]
}

/**
 * How many keys have been completed, each of which has the number of those before it, and how many of them are
 * forgotten.
 */
export interface CompletedCounts {
  readonly count: number
  readonly forgotten: number
}

export const manifestFormat = 1

export function encodeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(JSON.stringify(manifest))
}

/** What a manifest has for each partition: some twenty numbers of up to 16 digits. */
const partitionBytesMax = 340
/** What else it has of fixed size, with the ids of up to three topics. */
const frameBytesMax = 1280

/** Bytes that the manifest of a program may take, while its outputs do not move. */
export function manifestBytesMax(plan: Plan, partitionCount: number): number {
  const { sink, correlate, deadLetterTopic } = plan
  const outputs = [sink.topic, correlate.expiry?.topic, deadLetterTopic]
  const names = Buffer.byteLength(JSON.stringify([shapeOf(plan), sink.topic, correlate.expiry, outputs]))
  return frameBytesMax + names + partitionCount * partitionBytesMax
}

/** @throws MillraceError `CHECKPOINT_CORRUPT` */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let manifest: { readonly format?: unknown } | null
  try {
    manifest = JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    throw corrupt('its manifest is not JSON', error)
  }
  if (manifest?.format !== manifestFormat) {
    throw corrupt(`its format is ${String(manifest?.format)}, where this version of Millrace knows ${manifestFormat}`)
  }
  return manifest as Manifest
}

export function corrupt(what: string, cause?: unknown): MillraceError {
  return new MillraceError('CHECKPOINT_CORRUPT', `the checkpoint cannot be used: ${what}`, {}, cause)
}
