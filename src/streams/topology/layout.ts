import { checkOptions, invalid } from './topology-checks.ts'

/** How the processes of a program share its work. */
export type Layout = 'single' | 'keyed'

/** What is said of a topology besides its name. */
export interface TopologyOptions {
  /**
   * - `single`: one process is active and reads everything, the others stand by.
   * - `keyed`: all processes are at work, each on some partitions of the sources. These are partitioned by the merge key,
   *   as Kafka's own producers do where it is the key of the record: as a text, numbers in decimal. All sources have one
   *   number of partitions, which never changes. A record that is in another partition is a dead letter
   *   (`WRONG_PARTITION`).
   *
   * @defaultValue `single`
   */
  readonly layout?: Layout
}

/** @throws TopologyError `TOPOLOGY_INVALID` */
export function layoutOf(name: string, options: TopologyOptions): Layout {
  checkOptions(`"${name}"`, options)
  const { layout = 'single' } = options
  if (layout === 'single' || layout === 'keyed') return layout
  throw invalid(`the layout of "${name}" is ${JSON.stringify(layout)}, where "single" or "keyed" belongs`)
}
