import { MillraceError } from '../../core/errors.ts'
import type { Topic } from '../../kafka/index.ts'
import type { Plan } from '../topology/plan.ts'

/** Sources in which one key is not in one partition of the same number, or that do not have a partition for each task. */
export function partitionsDiffer({ name }: Plan, sources: readonly Topic[], taskCount: number): MillraceError {
  const counts = sources.map(({ name: topic, partitions }) => `"${topic}" has ${partitions.length}`).join(', ')
  return new MillraceError(
    'PARTITIONS_DIFFER',
    `in the layout "keyed" each source of "${name}" has as many partitions as there are tasks, ${taskCount}: ${counts}`,
    { app: name, taskCount, partitions: counts },
  )
}
