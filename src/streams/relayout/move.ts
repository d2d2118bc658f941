import type { Cluster } from '../../kafka/index.ts'
import { findVisibleTopic } from '../admin/app-checkpoint.ts'
import { clearTopics } from '../admin/clear-topics.ts'
import { endTransaction } from '../admin/open-transactions.ts'
import { manifestsOf } from '../checkpoint/checkpoint-records.ts'
import { readAll } from '../checkpoint/checkpoint-view.ts'
import type { SourceOffsets } from '../runtime/ports.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { checkpointSink, deadLetterSink, outputSinks } from '../topics/program-topics.ts'
import { inLayout } from '../topology/in-layout.ts'
import type { PlannedLayout } from '../topology/layout.ts'
import { type Plan, planTopology } from '../topology/plan.ts'
import { chainOf } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { findLastState, type LastState, type MoveParts, servicesOf } from './layout-half.ts'
import { checkState, relayoutRefused } from './movable.ts'
import { MoveTransaction } from './move-transaction.ts'
import { deleteGroups, ownTopicsOf, refuseMembers } from './own-topics.ts'
import { moveFromRouted } from './routed-to-single.ts'
import { moveSingleOrKeyed } from './single-and-keyed.ts'
import { moveToRouted } from './single-to-routed.ts'

/** How long the transaction of a move may take, in milliseconds: as long as brokers allow by default. */
const transactionTimeoutMs = 900_000

/**
 * Takes a program from one layout to another, of which one is `single`.
 *
 * 1. Delete what there is of the other layout: it is of a move that was given up.
 * 2. Be the only one who writes as the program, and see that it has no members.
 * 3. Write what the other layout goes on from, and into the checkpoint that is left that it is left.
 * 4. Delete the groups, whose offsets only repeat what the manifests say, and commit.
 * 5. Delete what the program has no use for any more.
 *
 * Before the commit the layout that is left is whole, and after it the other one.
 *
 * @throws MillraceError `APP_RUNNING`, `RELAYOUT_REFUSED`, and what a recovery throws.
 */
export async function moveTo(
  parts: MoveParts,
  topology: Topology,
  from: PlannedLayout,
  to: PlannedLayout,
): Promise<void> {
  const { cluster, signal } = parts
  const [fromPlan, toPlan] = [planTopology(inLayout(topology, from)), planTopology(inLayout(topology, to))]
  // Those of the layout with two of them are all groups of a program.
  const refuseAll = () => refuseMembers(cluster, fromPlan.next === undefined ? toPlan : fromPlan)
  await refusePresent(cluster, toPlan)
  await clearTopics(cluster, ownTopicsOf(toPlan))
  const [left, leftMerging] = await halvesOf(parts, fromPlan)
  const [reached, reachedMerging] = await halvesOf(parts, toPlan)
  const halves = [left!, leftMerging, reached!, reachedMerging].filter((each) => each !== undefined)
  const move = await MoveTransaction.begin(
    cluster,
    fromPlan.name,
    writtenTopics(halves, reached!),
    transactionTimeoutMs,
  )
  try {
    const last = await findLastState(left!, fromPlan.name, refuseAll)
    checkState(last, fromPlan)
    const sides = { from: left!, last, to: reached!, move, signal }
    if (leftMerging !== undefined) {
      const lastMerging = await findLastState(leftMerging, fromPlan.name, refuseAll)
      checkState(lastMerging, leftMerging.plan)
      await moveFromRouted(sides, { services: leftMerging, last: lastMerging })
    } else if (reachedMerging !== undefined) await moveToRouted(sides, reachedMerging)
    else await moveSingleOrKeyed(sides)
    await deleteGroups(cluster, fromPlan)
    await deleteGroups(cluster, toPlan)
    await move.commit(offsetsOf(last))
  } finally {
    await move.end()
  }
  // A broker answers before its markers are in all topics: none of them may go before that.
  await endTransaction(cluster, fromPlan.name)
  await clearTopics(cluster, ownTopicsOf(fromPlan))
}

/**
 * Fails where the program goes on in the layout that it is to go to: somebody else has taken it there.
 *
 * @throws MillraceError `RELAYOUT_REFUSED`
 */
async function refusePresent(cluster: Cluster, { name, checkpointTopic }: Plan): Promise<void> {
  const topic = await findVisibleTopic(cluster, checkpointTopic)
  if (topic === undefined) return
  const { records } = await readAll(cluster, topic)
  const manifests = manifestsOf(records, topic.partitions.keys())
  if (manifests.some(({ movedTo }) => movedTo === undefined))
    throw relayoutRefused(name, `it has a checkpoint in topic "${checkpointTopic}" already`)
}

/** What routes comes first: it creates the topics that the other half reads. */
async function halvesOf(parts: MoveParts, plan: Plan): Promise<KafkaServices[]> {
  const halves: KafkaServices[] = []
  for (const each of chainOf(plan)) halves.push(await servicesOf(parts, each))
  return halves
}

/** The checkpoints, the topics that records are routed through, and that of dead letters, which is of all layouts. */
function writtenTopics(halves: readonly KafkaServices[], reached: KafkaServices) {
  const written = halves.flatMap(({ plan, topics: { sinks } }) => {
    const routed = plan.next === undefined ? [] : outputSinks(plan).merged.map((sink) => sinks[sink]!)
    return [sinks[checkpointSink]!, ...routed]
  })
  return [...written, reached.topics.sinks[deadLetterSink]!]
}

/** What the group of the program has consumed of its sources. */
function offsetsOf({ state, found: { sources } }: LastState): SourceOffsets[] {
  const offsets = sources.partitions.bySource(state.accounting.committedOffsets)
  return sources.topics.map(({ name }, source) => ({ topic: name, offsets: offsets[source]! }))
}
