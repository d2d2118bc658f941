import { emptyDigest } from '../checkpoint/digest.ts'
import { type Manifest, manifestFormat } from '../checkpoint/manifest.ts'
import { Accounting } from '../epochs/accounting.ts'
import type { Sources } from '../topics/sources.ts'

/** What it says of the program, and where and when its account begins. */
type Beginning = Omit<
  Manifest,
  | 'format'
  | 'sourceIds'
  | 'partitions'
  | 'startOffsets'
  | 'totals'
  | 'pending'
  | 'digest'
  | 'baseEpochs'
  | 'basePieces'
  | 'deltaPieces'
>

/** A manifest whose account begins at some offsets, over all partitions; nothing is pending. */
export function emptyManifest(
  { ids, partitions }: Pick<Sources, 'ids' | 'partitions'>,
  beginning: Beginning,
): Manifest {
  const none = beginning.nextOffsets.map(() => 0)
  return {
    format: manifestFormat,
    ...beginning,
    sourceIds: ids,
    partitions: partitions.list,
    ...Accounting.from(beginning.nextOffsets).snapshot(),
    pending: 0,
    digest: emptyDigest,
    baseEpochs: none,
    basePieces: none,
    deltaPieces: none,
  }
}
