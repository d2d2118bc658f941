import { type Manifest, manifestFormat } from '../checkpoint/manifest.ts'
import { emptyDigest } from '../checkpoint/digest.ts'
import { Accounting } from '../epochs/accounting.ts'
import { descriptionOf } from '../recovery/description.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { outputsOf } from '../topics/program-topics.ts'
import type { Sources } from '../topics/sources.ts'

/** Where an account begins anew, and when. */
type Beginning = Pick<Manifest, 'epoch' | 'closedMs' | 'nextOffsets' | 'hashSeed'>

/** The first manifest of a program in another layout, whose account begins anew, over all partitions; nothing is pending. */
export function newAccount(
  { plan, topics }: KafkaServices,
  { partitions, ids }: Pick<Sources, 'partitions' | 'ids'>,
  { epoch, closedMs, nextOffsets, hashSeed }: Beginning,
): Manifest {
  const none = nextOffsets.map(() => 0)
  return {
    format: manifestFormat,
    epoch,
    closedMs,
    ...descriptionOf(plan, outputsOf(topics)),
    sourceIds: ids,
    partitions: partitions.list,
    ...Accounting.from(nextOffsets).snapshot(),
    pending: 0,
    digest: emptyDigest,
    hashSeed,
    baseEpochs: none,
    basePieces: none,
    deltaPieces: none,
  }
}
