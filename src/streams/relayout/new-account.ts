import type { Manifest } from '../checkpoint/manifest.ts'
import { descriptionOf } from '../recovery/description.ts'
import { emptyManifest } from '../recovery/empty-manifest.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { outputsOf } from '../topics/program-topics.ts'
import type { Sources } from '../topics/sources.ts'

/** Where an account begins anew, and when. */
type Beginning = Pick<Manifest, 'epoch' | 'closedMs' | 'nextOffsets' | 'hashSeed'>

/** The first manifest of a program in another layout, whose account begins anew, over all partitions; nothing is pending. */
export function newAccount(
  { plan, topics }: KafkaServices,
  sources: Pick<Sources, 'partitions' | 'ids'>,
  beginning: Beginning,
): Manifest {
  return emptyManifest(sources, { ...beginning, ...descriptionOf(plan, outputsOf(topics)) })
}
