import type { Clock } from '../../core/clock.ts'
import type { SourceLog } from '../runtime/ports.ts'
import type { Sources } from '../topics/sources.ts'
import { Asked } from './asked.ts'

/**
 * Where the sources end now: the offset after the last record that may be read, by number of the source partition.
 *
 * @param known - As it is known already.
 */
export function sourceEnds(
  log: Pick<SourceLog, 'ends'>,
  sources: Pick<Sources, 'topics' | 'partitions'>,
  clock: Clock,
  known: readonly number[],
): Asked<readonly number[]> {
  const ask = async () => {
    const ends = await Promise.all(sources.topics.map((topic) => log.ends(topic)))
    return sources.partitions.byNumber(ends, 0)
  }
  return new Asked(ask, clock, known)
}
