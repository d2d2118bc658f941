import type { PlannedLayout } from './layout.ts'
import { checkLayout } from './plan-layout.ts'
import { routedTopology } from './routed.ts'
import type { Topology } from './topology.ts'

/**
 * The same program in a layout, whichever it was declared in.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` where it keeps something that this layout does not allow.
 */
export function inLayout(topology: Topology, { layout, tasks }: PlannedLayout): Topology {
  const whole = { ...wholeOf(topology), layout, tasks }
  checkLayout(whole)
  return layout === 'routed' ? routedTopology(whole) : whole
}

/** A topology as one, where records are routed: see `routedTopology`. */
function wholeOf(topology: Topology): Topology {
  const { layout, name, next } = topology
  if (layout !== 'routed') return topology
  const { tasks, tables, sources, correlate } = topology
  return { ...next!, name, tasks, tables, sources, correlate: { ...next!.correlate, key: correlate.key } }
}
