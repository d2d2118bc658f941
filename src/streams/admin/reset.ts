import { MillraceError } from '../../core/errors.ts'
import { resolveOptions } from '../../core/options.ts'
import { type Cluster, countGroupMembers, deleteGroup, deleteTopics, TransactionalProducer } from '../../kafka/index.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { requireRights, rightsToReset } from '../topics/rights.ts'
import { findTopic, unknownApp } from './app-checkpoint.ts'
import { type AppOptions, atBrokers } from './at-brokers.ts'
import { appOptions } from '../options.ts'

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
}

/**
 * Makes an application that does not run start over: its next start reads the source from the start of its log. Topics
 * of outputs and dead letters are left as they are, so what they hold comes a second time.
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
    if (!dryRun) await remove(cluster, app)
    return remains
  })
}

/** What an application would go on from, were it started now. */
async function findRemains(cluster: Cluster, app: string): Promise<Remains> {
  await requireRights(cluster, app, rightsToReset(app))
  const { checkpointTopic } = ownTopics(app)
  const memberCount = await countGroupMembers(cluster, app)
  const hasCheckpoint = (await findTopic(cluster, checkpointTopic)) !== undefined
  if (memberCount === undefined && !hasCheckpoint) throw unknownApp(app, 'it has neither a checkpoint nor a group')
  if (memberCount !== undefined && memberCount > 0) throw running(app, memberCount)
  return { app, ...(memberCount !== undefined && { group: app }), ...(hasCheckpoint && { checkpointTopic }) }
}

/**
 * Steps: end the transaction that a killed process may have left open, or its offsets would come back; delete the
 * group, which brokers refuse while it has members; delete the checkpoint. Ended in between, it can be called again.
 */
async function remove(cluster: Cluster, app: string): Promise<void> {
  await endTransaction(cluster, app)
  await deleteGroup(cluster, app)
  await deleteTopics(cluster, [ownTopics(app).checkpointTopic])
}

async function endTransaction(cluster: Cluster, app: string): Promise<void> {
  const producer = new TransactionalProducer({
    cluster,
    topics: [],
    transactionalId: app,
    transactionTimeoutMs: 60_000,
    group: app,
    // Nobody is the owner: the group has no members, and the broker refuses to delete it if it gets one meanwhile.
    member: async () => ({ generationId: -1, memberId: '', groupInstanceId: null }),
    onFailed() {},
  })
  await producer.begin()
  producer.stop()
}

function running(app: string, memberCount: number): MillraceError {
  return new MillraceError('APP_RUNNING', `"${app}" runs: its group has ${memberCount} members`, { app, memberCount })
}
