import { resolveOptions } from '../../core/options.ts'
import { type Cluster, deleteGroup, listGroupMembers, type Right } from '../../kafka/index.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { requireRights, rightsToReset } from '../topics/rights.ts'
import { LastManifests } from '../checkpoint/last-manifests.ts'
import { type NextSubtopology, topicsTo } from '../checkpoint/manifest.ts'
import { checkpointTopicOf, findTopic, ifKnown, unknownApp } from './app-checkpoint.ts'
import { appRunning } from './app-running.ts'
import { type AppOptions, atBrokers } from './at-brokers.ts'
import { clearTopics } from './clear-topics.ts'
import { endTransaction, endTransactionsOfTasks } from './open-transactions.ts'
import { appOptions } from '../question-options.ts'

/** Which application is to start over, and how its brokers are reached. */
export interface ResetOptions extends AppOptions {
  /** Deletes nothing, and tells what would be deleted. @defaultValue false */
  readonly dryRun?: boolean
}

/** What an application goes on from, and what `reset` deletes. */
export interface Remains {
  readonly app: string
  /** Consumer group with its offsets; absent where there is none. */
  readonly group?: string
  readonly checkpointTopic?: string
  /** The topics on the way to the subtopology that reads what it writes, and what that one goes on from. */
  readonly internalTopics?: readonly string[]
  readonly next?: Remains
  /** Dead letters that were redriven; absent where there are none. */
  readonly redriveTopic?: string
}

/**
 * Makes an application that does not run start over, with its subtopologies and what is on the way between them: its
 * next start reads the sources from the start of their logs. Topics of outputs and dead letters are left as they are, so
 * what they hold comes a second time.
 *
 * @returns What was deleted, or would be.
 * @throws MillraceError `APP_UNKNOWN` where there is nothing to delete, `APP_RUNNING` while it has a process,
 * `KAFKA_RIGHTS_MISSING`; ConfigError
 *
 * @example
 * await reset({ app: 'customer-360', bootstrapServers: 'localhost:9092' })
 */
export async function reset(options: ResetOptions): Promise<Remains> {
  const { dryRun = false, logger, clock, tls, sasl, ...given } = options
  const settings = resolveOptions(appOptions, { given, env: process.env })
  const { app } = settings
  return atBrokers(settings, { logger, clock, tls, sasl }, async (cluster) => {
    const remains = await findRemains(cluster, app)
    if (!dryRun) await remove(cluster, remains)
    return remains
  })
}

/** What an application would go on from, were it started now. */
async function findRemains(cluster: Cluster, app: string): Promise<Remains> {
  const { redriveTopic } = ownTopics(app)
  const checkpointTopic = await checkpointTopicOf(cluster, app)
  const hasRedriven = (await cluster.topicPermissions([redriveTopic])).get(redriveTopic)!.exists
  await requireRights(cluster, app, rightsToReset(app, checkpointTopic, hasRedriven))
  const members = await listGroupMembers(cluster, app, checkpointTopic)
  const checkpoint = await findTopic(cluster, checkpointTopic)
  if (members === undefined && checkpoint === undefined) {
    throw unknownApp(app, 'it has neither a checkpoint nor a group')
  }
  if (members !== undefined && members.length > 0) throw appRunning(app, members)
  const [manifest] = checkpoint === undefined ? [] : await new LastManifests().read(cluster, checkpoint)
  return {
    app,
    ...(members !== undefined && { group: app }),
    ...(checkpoint !== undefined && { checkpointTopic }),
    ...(hasRedriven && { redriveTopic }),
    ...(manifest?.next !== undefined && (await findNext(cluster, manifest.next))),
  }
}

/** What is on the way to a subtopology, and what it goes on from, as far as it is there. */
async function findNext(
  cluster: Cluster,
  subtopology: NextSubtopology,
): Promise<Pick<Remains, 'internalTopics' | 'next'>> {
  const { app } = subtopology
  const internalTopics = topicsTo(subtopology)
  const rights = internalTopics.map((name): Right => ({ operation: 'Delete', resource: 'topic', name }))
  await requireRights(cluster, app, rights)
  const remains = await ifKnown(() => findRemains(cluster, app))
  return { internalTopics, ...(remains && { next: remains }) }
}

/**
 * Steps, from the last subtopology to the first, which knows the others: end the transactions that killed processes may
 * have left open, or their offsets would come back; delete the group, which brokers refuse while it has members; delete
 * the redriven letters, which would come a second time, the topics on the way, and then the checkpoint, which knows of
 * them. Ended in between, it can be called again.
 */
async function remove(cluster: Cluster, remains: Remains): Promise<void> {
  const { app, checkpointTopic, redriveTopic, internalTopics = [], next } = remains
  if (next !== undefined) await remove(cluster, next)
  const areOfTasks = checkpointTopic === ownTopics(app, 'keyed').checkpointTopic
  await (areOfTasks ? endTransactionsOfTasks(cluster, app, checkpointTopic) : endTransaction(cluster, app))
  await deleteGroup(cluster, app)
  const topics = [...internalTopics, redriveTopic, checkpointTopic].filter((topic) => topic !== undefined)
  await clearTopics(cluster, topics)
}
