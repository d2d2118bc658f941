import { listOffsets, type Topic } from '../../kafka/index.ts'
import type { MovedRecord } from '../checkpoint/moved-record.ts'
import type { AccountSnapshot } from '../epochs/accounting.ts'
import { type Class, classes } from '../epochs/epoch-counts.ts'
import type { KafkaServices } from '../runtime/services.ts'

/** Counts of all partitions, of an account that ends and of those before it. */
export function countedOf(
  { totals }: Pick<AccountSnapshot, 'totals'>,
  before: Pick<MovedRecord, 'counted'> | undefined,
  omitted: readonly Class[] = [],
): Record<Class, number> {
  const count = (name: Class) => (omitted.includes(name) ? 0 : totals[name].reduce((sum, each) => sum + each, 0))
  return Object.fromEntries(classes.map((name) => [name, count(name) + (before?.counted?.[name] ?? 0)])) as Record<
    Class,
    number
  >
}

/** Where topics end, by name and partition, with what an open transaction has written: that of a move itself has. */
export async function endsOf(
  { cluster }: Pick<KafkaServices, 'cluster'>,
  topics: readonly Topic[],
): Promise<Record<string, readonly number[]>> {
  const ends = topics.map(
    async (topic) => [topic.name, await listOffsets(cluster, topic, 'latest', 'read_uncommitted')] as const,
  )
  return Object.fromEntries(await Promise.all(ends))
}
