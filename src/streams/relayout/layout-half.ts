import { type Cluster, topicRange } from '../../kafka/index.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { manifestOf, manifestsOf } from '../checkpoint/checkpoint-records.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { ProgramEvents } from '../events/program-events.ts'
import type { Logger } from '../logs/logger.ts'
import { Meters } from '../observe/meters.ts'
import type { RunOptions } from '../options.ts'
import { attemptOf, writeAttempts } from '../poison/attempt.ts'
import { lastState } from '../recovery/recover.ts'
import { SpareMemory } from '../recovery/spare-memory.ts'
import type { TaskShare } from '../recovery/task-share.ts'
import { kafkaServices, type KafkaServices } from '../runtime/services.ts'
import { newStatistics } from '../runtime/statistics.ts'
import { checkpointSink, findTopics } from '../topics/program-topics.ts'
import type { Plan } from '../topology/plan.ts'

/** What a move needs besides the program. */
export interface MoveParts {
  readonly cluster: Cluster
  readonly options: RunOptions
  readonly logger: Logger
  /** Gives up. */
  readonly signal: AbortSignal
}

/** What stands of a program, or of one of the two of the layout `routed`, after its last epoch. */
export type LastState = Awaited<ReturnType<typeof lastState>> & { readonly manifests: readonly Manifest[] }

/** What operators of a program use that does not take part in its group. Creates its topics where there are none. */
export async function servicesOf({ cluster, options, logger }: MoveParts, plan: Plan): Promise<KafkaServices> {
  return kafkaServices({
    plan,
    options,
    cluster,
    topics: await findTopics(cluster, plan, logger),
    logger,
    statistics: newStatistics(),
    meters: new Meters(),
    events: new ProgramEvents(plan.name, logger),
    tracing: undefined,
  })
}

/**
 * The last state of a program whose transactional id `app` is this process's, and of which nobody works.
 *
 * Where several members have worked, this process notes itself with each task first, as members do. Who joins before
 * `refuseMembers` looks is seen there; who joins later finds the note, and ends the transaction of the move.
 *
 * @param refuseMembers - Fails while the program has members.
 */
export async function findLastState(
  services: KafkaServices,
  app: string,
  refuseMembers: () => Promise<void>,
): Promise<LastState> {
  const { plan, topics } = services
  const spareMemory = await SpareMemory.prepare(services)
  const request = { services, spareMemory, warmTable: undefined }
  if (plan.layout === 'single') {
    await refuseMembers()
    const last = await lastState(request)
    return { ...last, manifests: [last.found.manifest!] }
  }
  const topic = topics.sinks[checkpointSink]!
  const own = [...topic.partitions.keys()]
  const share: TaskShare = {
    own,
    writer: app,
    checkpoint: new CheckpointView(),
    isMember: async () => false,
    ended: new Set(),
  }
  await share.checkpoint.readOn(services.cluster, topic, await topicRange(services.cluster, topic, 'read_committed'))
  await noteMove(services, share)
  await refuseMembers()
  const last = await lastState({ ...request, share })
  const manifests = manifestsOf(last.checkpoint.records, own)
  return { ...last, manifests }
}

async function noteMove({ cluster, plan }: KafkaServices, { own, writer, checkpoint: { records } }: TaskShare) {
  const notes = own.map((task) => {
    const attempt = attemptOf(records, task) ?? { epoch: manifestOf(records, task)?.epoch ?? 0, starts: 0 }
    return [task, { ...attempt, writer }] as const
  })
  await writeAttempts(cluster, plan.checkpointTopic, new Map(notes))
}
