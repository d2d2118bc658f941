import { resolveOptions } from '../../core/options.ts'
import type { Cluster } from '../../kafka/index.ts'
import { atBrokers } from '../admin/at-brokers.ts'
import { clearTopics } from '../admin/clear-topics.ts'
import { endTransaction, endTransactionsOfTasks } from '../admin/open-transactions.ts'
import { type Logger, stderrLogger } from '../logs/logger.ts'
import { runOptions } from '../options.ts'
import { relayoutOptions } from '../question-options.ts'
import type { GivenSecurity } from '../security.ts'
import type { RelayoutSettings } from '../settings.ts'
import { inLayout } from '../topology/in-layout.ts'
import { type Layout, layoutOf, type PlannedLayout } from '../topology/layout.ts'
import { type Plan, planTopology } from '../topology/plan.ts'
import { requireRights, rightsToRelayout } from '../topics/rights.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { chainOf } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { drainRouted } from './drained.ts'
import { checkMovable } from './movable.ts'
import { moveTo } from './move.ts'
import { ownTopicsOf, refuseMembers } from './own-topics.ts'
import { findPresent, type Present } from './present.ts'

/** How long a transaction is waited for that somebody has left open, in milliseconds. */
const transactionWaitMs = 30_000

/** Which program changes its layout, and how its brokers are reached. */
export interface RelayoutOptions extends RelayoutSettings, GivenSecurity {
  /** In any layout. */
  readonly topology: Topology
  /** Changes nothing, and tells what would be done. @defaultValue false */
  readonly dryRun?: boolean
  /** Anything shaped like a pino logger. @defaultValue JSON lines on stderr */
  readonly logger?: Logger
  /** Gives up, which leaves the program in the layout that it had. */
  readonly signal?: AbortSignal
}

/** What is there of a program that changes its layout. */
export interface RelayoutReport extends Present {
  readonly app: string
  readonly to: Layout
  /** Topics of the layout that it leaves, which are deleted. */
  readonly deletes: readonly string[]
  /** Whether it had that layout already. */
  readonly isThere: boolean
}

/**
 * Takes a program that does not run from its layout to another one, or to another number of tasks, with all that it has
 * pending, promoted and counted, so that nothing is lost and nothing is published twice. One transaction carries it over,
 * so whatever ends this call, the program is whole in one of the two layouts; called again, it goes on from there. From
 * `routed`, and between `keyed` and `routed`, it is in the layout `single` on the way.
 *
 * Records that are routed and not merged yet are merged first, by the program's own functions.
 *
 * @throws MillraceError `APP_RUNNING`, `APP_UNKNOWN`, `RELAYOUT_REFUSED`, `CHECKPOINT_INCOMPATIBLE`, `PENDING_LOST`,
 * `KAFKA_RIGHTS_MISSING`; KafkaError `TRANSACTION_FENCED` where a process of the program has started meanwhile;
 * TopologyError `TOPOLOGY_INVALID` where the program keeps something that the layout does not allow; ConfigError
 *
 * @example
 * await relayout({ topology: orders, to: 'routed', tasks: 24, bootstrapServers: 'localhost:9092' })
 */
export async function relayout(options: RelayoutOptions): Promise<RelayoutReport> {
  const { topology, dryRun = false, logger = stderrLogger, tls, sasl, signal, ...given } = options
  const { to, tasks, ...reaching } = resolveOptions(relayoutOptions, { given, env: process.env })
  const app = topology.name
  const target = layoutOf(app, { layout: to, ...(tasks !== undefined && { tasks }) })
  const toPlan = planTopology(inLayout(topology, target))
  return atBrokers({ ...reaching, app }, { logger, tls, sasl }, async (cluster) => {
    const present = () => findPresent(cluster, app, { waitMs: transactionWaitMs })
    const shared = sharedPlan(topology)
    const whole = shared ?? toPlan
    const allTopics = new Set([ownTopics(app).checkpointTopic, ...ownTopicsOf(whole)])
    const allGroups = chainOf(whole).map(({ name }) => name)
    await requireRights(cluster, app, rightsToRelayout(app, [...allTopics], allGroups))
    if (!dryRun) {
      await refuseMembers(cluster, whole)
      await endOpenTransactions(cluster, app, shared)
    }
    const { checkpoint, ...found } = await present()
    const { from } = found
    const isThere = from === to && (to !== 'routed' || tasks === undefined || tasks === found.fromTasks)
    const fromPlan = planTopology(inLayout(topology, presentLayout(from)))
    const report = { app, ...found, to, isThere, deletes: isThere ? [] : ownTopicsOf(fromPlan) }
    if (isThere) {
      if (!dryRun) await clearTopics(cluster, leftovers(fromPlan, shared))
      return report
    }
    if (dryRun) await refuseMembers(cluster, whole)
    checkMovable(fromPlan, { ...checkpoint.manifest, pending: found.pending })
    if (dryRun) return report
    const run = resolveOptions(runOptions, { given: reaching, env: process.env })
    const parts = { cluster, options: run, logger, signal: signal ?? new AbortController().signal }
    if (from === 'routed') {
      const { next } = inLayout(topology, presentLayout(from))
      const starting = { ...reaching, logger, tls, sasl, ...(signal && { signal }) }
      await drainRouted(next!, starting, async () => (await present()).inTransit)
    }
    let reached = presentLayout(from)
    for (const layout of wayTo(reached, target)) {
      await moveTo(parts, topology, reached, layout)
      reached = layout
    }
    return report
  })
}

/** Tasks are as many as there are. */
function presentLayout(layout: Layout): PlannedLayout {
  return { layout, tasks: undefined }
}

/** The layouts that a program is taken to, one after the other. */
function wayTo({ layout }: PlannedLayout, target: PlannedLayout): PlannedLayout[] {
  const isDirect = layout === 'single' || target.layout === 'single'
  return isDirect ? [target] : [presentLayout('single'), target]
}

/** With all topics and groups that it has in any layout but `single`; undefined where it cannot be in another one. */
function sharedPlan(topology: Topology): Plan | undefined {
  // All who could be in `keyed` could be in `routed`.
  if (topology.next !== undefined && topology.layout !== 'routed') return undefined
  return planTopology(inLayout(topology, presentLayout('routed')))
}

/** Of an earlier move that was killed, of the active process, and of members of other layouts. */
async function endOpenTransactions(cluster: Cluster, app: string, shared: Plan | undefined): Promise<void> {
  await endTransaction(cluster, app)
  const halves = shared === undefined ? [] : chainOf(shared)
  for (const { name, checkpointTopic } of halves) await endTransactionsOfTasks(cluster, name, checkpointTopic)
}

/** Topics of layouts that a program has left, where that was not ended. */
function leftovers(present: Plan, shared: Plan | undefined): string[] {
  const own = ownTopicsOf(present)
  const others = [ownTopics(present.name).checkpointTopic, ...(shared === undefined ? [] : ownTopicsOf(shared))]
  return others.filter((topic) => !own.includes(topic))
}
