import { sleep } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors.ts'
import { countGroupMembers } from '../../kafka/index.ts'
import { LastManifests } from '../checkpoint/last-manifests.ts'
import { taskIncompatibility } from '../recovery/task-compatibility.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { checkpointSink, findSources } from '../topics/program-topics.ts'
import { sourcesOf } from '../topics/sources.ts'

/** How often it is looked whether they still work. */
const lookIntervalMs = 5_000

/**
 * Waits while members of another version of a program share its work. In their group this process would be given tasks
 * that it cannot go on with, which nobody would work on until it had left.
 *
 * @param onFound - Called each time, with what the work on their tasks would fail with.
 * @throws MillraceError `CHECKPOINT_INCOMPATIBLE` once nobody is at work
 */
export async function whileOthersWork(
  services: KafkaServices,
  signal: AbortSignal,
  onFound: (error: MillraceError) => void,
): Promise<void> {
  const { cluster, plan, topics, logger, clock } = services
  const last = new LastManifests()
  for (let isTold = false; ; isTold = true) {
    const manifests = await last.read(cluster, topics.sinks[checkpointSink]!)
    const sources = sourcesOf(plan, await findSources(cluster, plan))
    const [error] = manifests.flatMap((manifest) => taskIncompatibility(plan, sources, manifest) ?? [])
    if (error === undefined) return
    const memberCount = await countGroupMembers(cluster, plan.name)
    if (memberCount === undefined || memberCount === 0) throw error
    if (!isTold) {
      logger.warn(
        { app: plan.name, err: error, ...error.details },
        'another program of this name, or another version of it, is at work: this process waits, and takes no tasks',
      )
    }
    onFound(error)
    await sleep(clock, lookIntervalMs, signal)
  }
}
