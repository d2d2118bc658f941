import { type Cluster, topicRange } from '../../kafka/index.ts'
import { findVisibleTopic } from '../admin/app-checkpoint.ts'
import { endTransaction } from '../admin/reset.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { attemptOf } from '../poison/attempt.ts'
import { chainOf } from '../topology/subtopologies.ts'
import type { Plan } from '../topology/plan.ts'

/**
 * Ends what is open of all who have written as a program, of which nobody works: an earlier move that was killed, the
 * active process, members of other layouts. Resolves once all is written that says how that has ended.
 *
 * @param shared - The program in a layout in which its members share the work.
 */
export async function endWriters(cluster: Cluster, app: string, shared: Plan | undefined): Promise<void> {
  await endTransaction(cluster, app)
  for (const { name, checkpointTopic } of shared === undefined ? [] : chainOf(shared)) {
    const topic = await findVisibleTopic(cluster, checkpointTopic)
    if (topic === undefined) continue
    const view = new CheckpointView({ keepsTables: false })
    await view.readOn(cluster, topic, await topicRange(cluster, topic, 'read_committed'))
    const writers = new Set(
      [...topic.partitions.keys()].flatMap((task) => [
        attemptOf(view.records, task)?.writer,
        manifestOf(view.records, task)?.task?.writer,
      ]),
    )
    for (const writer of writers) if (writer !== undefined) await endTransaction(cluster, name, writer)
  }
}
