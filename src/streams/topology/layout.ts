import { partitionsMax } from '../../kernel/index.ts'
import { checkOptions, invalid } from './topology-checks.ts'

/** How the processes of a program share its work. */
export type Layout = 'single' | 'keyed' | 'routed'

/** What is said of a topology besides its name. */
export interface TopologyOptions {
  /**
   * - `single`: one process is active and reads everything, the others stand by.
   * - `keyed`: all processes are at work, each on some partitions of the sources. These are partitioned by the merge key,
   *   as Kafka's own producers do where it is the key of the record: as a text, numbers in decimal. All sources have one
   *   number of partitions, which never changes. A record that is in another partition is a dead letter
   *   (`WRONG_PARTITION`).
   * - `routed`: the same where the sources are partitioned in any other way. The part of each record is written first
   *   to the partition of its merge key, in the topic `<name>.routed`, or `<name>.routed.<source>` where there are several
   *   sources; what reads these is a subtopology with a group, checkpoints and dead letters of its own.
   *
   * @defaultValue `single`
   */
  readonly layout?: Layout
  /**
   * How many partitions the topics have that parts are routed through, from 1 on: no more processes have work with the
   * merge. It never changes. Only in the layout `routed`. @defaultValue as many as the source with the most has when the
   * program first starts
   */
  readonly tasks?: number
}

/** How the processes of a topology share its work, checked. */
export interface PlannedLayout {
  readonly layout: Layout
  /** Partitions of the topics that parts are routed through; absent where the sources say. */
  readonly tasks: number | undefined
}

/** @throws TopologyError `TOPOLOGY_INVALID` */
export function layoutOf(name: string, options: TopologyOptions): PlannedLayout {
  checkOptions<TopologyOptions>(`"${name}"`, options, { layout: true, tasks: true })
  const { layout = 'single', tasks } = options
  if (!layouts.includes(layout))
    throw invalid(`the layout of "${name}" is ${JSON.stringify(layout)}, where "single", "keyed" or "routed" belongs`)
  if (tasks === undefined) return { layout, tasks }
  if (layout !== 'routed') throw invalid(`"${name}" has tasks, which is for the layout "routed" only`)
  if (!Number.isInteger(tasks) || tasks < 1 || tasks > partitionsMax)
    throw invalid(`tasks of "${name}" is ${tasks}; it is a whole number from 1 to ${partitionsMax}`)
  return { layout, tasks }
}

const layouts: readonly unknown[] = ['single', 'keyed', 'routed'] satisfies Layout[]
