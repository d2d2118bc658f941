import { relayoutRefused } from './movable.ts'
import { start, type StartOptions } from '../start.ts'
import type { Topology } from '../topology/topology.ts'

/** How often what merges is run before that is given up: members that others start take tasks from it. */
const runsMax = 3

/**
 * Runs the half of the layout `routed` that merges, until all that was routed has been taken in.
 *
 * @param unread - How many offsets have not been.
 * @throws MillraceError `RELAYOUT_REFUSED`, and what ends the program.
 */
export async function drainRouted(
  merging: Topology,
  options: StartOptions,
  unread: () => Promise<number>,
): Promise<void> {
  for (let runs = 0; (await unread()) > 0; runs++) {
    if (runs === runsMax) throw relayoutRefused(merging.name, 'records that are routed have not all been merged')
    await using app = await start(merging, options)
    await app.caughtUp
    await app.stop()
  }
}
