import type { Topology } from './declared-topology.ts'
import { refuse } from './topology-checks.ts'

/** Fails where a program keeps something that is not by the merge key. */
export function checkLayout({ name, layout, tables, correlate, aggregation, next }: Topology): void {
  if (layout === 'single') return
  const no = (what: string, why: string) => refuse(name, `${what} in the layout "${layout}": ${why}`)
  const table = tables.find(({ kind }) => kind === 'table')
  if (table !== undefined) no(`table "${table.name}" cannot be kept`, 'functions of all tasks would change its rows')
  if (aggregation !== undefined) no(`"${correlate.id}" cannot group records`, 'windows are not kept by task')
  if (next !== undefined) no(`"${next.correlate.id}" cannot follow "${correlate.id}"`, 'its parts have another key')
}
