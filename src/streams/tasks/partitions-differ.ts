import { MillraceError } from '../../core/errors.ts'
import type { Topic } from '../../kafka/index.ts'
import type { Plan } from '../topology/plan.ts'

/** Sources in which one key is not in one partition of the same number, or that do not have a partition for each task. */
export function partitionsDiffer({ name, layout }: Plan, sources: readonly Topic[], taskCount: number): MillraceError {
  const counts = sources.map(({ name: topic, partitions }) => `"${topic}" has ${partitions.length}`).join(', ')
  return new MillraceError(
    'PARTITIONS_DIFFER',
    layout === 'routed'
      ? `the sources of "${name}" may not have more partitions than there are tasks that read them, ${taskCount}: ${counts}`
      : `in the layout "keyed" each source of "${name}" has as many partitions as there are tasks, ${taskCount}: ${counts}`,
    { app: name, taskCount, partitions: counts },
  )
}

/** A topic that records are routed through has another number of partitions than the program declares. */
export function tasksDiffer(
  { name }: Plan,
  taskCount: number,
  { name: topic, partitions: { length } }: Topic,
): MillraceError {
  return new MillraceError(
    'PARTITIONS_DIFFER',
    `"${name}" declares ${taskCount} tasks, and the topic "${topic}" that its records are routed through has ${length} partitions`,
    { app: name, taskCount, partitions: length },
  )
}
