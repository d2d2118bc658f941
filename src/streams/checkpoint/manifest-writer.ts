import { assert } from '../../core/assert.ts'
import type { ClosingEpoch, EpochParticipant, ManifestEntries } from '../epochs/epoch-participant.ts'
import { manifestKey } from './checkpoint-topic.ts'
import { encodeManifest, type Manifest, manifestFormat } from './manifest.ts'

/** What every manifest of a program says alike; only its partitions grow. */
export type ProgramIdentity = Pick<
  Manifest,
  | 'topology'
  | 'outputs'
  | 'outputIds'
  | 'spread'
  | 'expiry'
  | 'next'
  | 'sourceIds'
  | 'former'
  | 'lookups'
  | 'partitions'
  | 'hashSeed'
>

/** Entries that each manifest has, by participants. */
const requiredEntries = [
  'startOffsets',
  'nextOffsets',
  'totals',
  'pending',
  'digest',
  'baseEpochs',
  'basePieces',
  'deltaPieces',
] as const satisfies readonly (keyof Manifest)[]

/**
 * Writes the manifest of each epoch, after all other participants have said what stands in it. It keeps nothing itself.
 */
export class ManifestWriter implements EpochParticipant {
  readonly #identity: ProgramIdentity

  constructor(identity: ProgramIdentity) {
    this.#identity = identity
  }

  close({ number: epoch, closedMs, manifest: entries, put }: ClosingEpoch): void {
    assertWhole(entries)
    put(manifestKey, encodeManifest({ format: manifestFormat, epoch, closedMs, ...this.#identity, ...entries }))
  }

  commit(): void {}

  rollback(): void {}
}

function assertWhole(
  entries: ManifestEntries,
): asserts entries is Pick<
  Manifest,
  (typeof requiredEntries)[number] | 'eventTimes' | 'completed' | 'tables' | 'windows'
> {
  for (const name of requiredEntries) assert(entries[name] !== undefined, `each manifest says ${name}`)
}
