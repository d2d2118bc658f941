import { type ListedMember, listGroupMembers } from '../../kafka/index.ts'
import { resolveOptions } from '../../core/options.ts'
import { appOptions } from '../question-options.ts'
import { requireRights } from '../topics/rights.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { findVisibleTopic, unknownApp } from './app-checkpoint.ts'
import { type AppOptions, atBrokers } from './at-brokers.ts'

/** A process of an application, as its group knows it. */
export interface AppProcess {
  /** By which brokers name it in their logs. */
  readonly memberId: string
  /** The address that it connects from. */
  readonly host: string
  /** Its process id there; absent for a member of the group that is no process of Millrace. */
  readonly pid?: number
  /** Where members share the work, one with tasks is active. */
  readonly role: 'active' | 'standby'
  /** The tasks that are its own, in ascending order. Only in the layouts `keyed` and `routed`. */
  readonly tasks?: readonly number[]
  /**
   * Those of which it keeps a copy (`standbyTasks`). Only in these, and empty where the group does not know it: in groups
   * of other kinds than streams.
   */
  readonly standbyTasks?: readonly number[]
}

/**
 * Lists the processes of an application, those at work first. Right after one has come or gone none may be active, or some
 * tasks may be nobody's. Of the layout `routed` this is one of the two subtopologies, the one with this name.
 *
 * @throws MillraceError `APP_UNKNOWN` where it has neither a group nor a topic, `KAFKA_RIGHTS_MISSING`; KafkaError
 *
 * @example
 * const [active, ...standbys] = await processes({ app: 'customer-360', bootstrapServers: 'localhost:9092' })
 */
export async function processes({ logger, clock, tls, sasl, ...given }: AppOptions): Promise<AppProcess[]> {
  const settings = resolveOptions(appOptions, { given, env: process.env })
  const { app } = settings
  return atBrokers(settings, { logger, clock, tls, sasl }, async (cluster) => {
    await requireRights(cluster, app, [{ operation: 'Describe', resource: 'group', name: app }])
    const { checkpointTopic: tasksTopic } = ownTopics(app, 'keyed')
    const isShared = (await findVisibleTopic(cluster, tasksTopic)) !== undefined
    const { checkpointTopic } = ownTopics(app)
    const members = await listGroupMembers(cluster, app, isShared ? tasksTopic : checkpointTopic)
    // A process that waits for its first start has a group before there is a topic.
    if (members === undefined && !isShared && (await findVisibleTopic(cluster, checkpointTopic)) === undefined) {
      throw unknownApp(app, `it has no group, and there is no topic "${checkpointTopic}", nor "${tasksTopic}"`)
    }
    return (members ?? []).map(isShared ? sharingProcess : processOf).toSorted(activeFirst)
  })
}

/** A process of an application whose members share its work. */
export function sharingProcess(member: ListedMember): AppProcess {
  return { ...processOf(member), tasks: member.owned, standbyTasks: member.standbys ?? [] }
}

function processOf({ memberId, host, pid, owned }: ListedMember): AppProcess {
  return { memberId, host, ...(pid !== undefined && { pid }), role: owned.length > 0 ? 'active' : 'standby' }
}

/** The order of processes for those who look at them. */
export function activeFirst(one: AppProcess, other: AppProcess): number {
  return Number(other.role === 'active') - Number(one.role === 'active')
}
