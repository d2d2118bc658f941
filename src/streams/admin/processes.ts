import { listGroupMembers } from '../../kafka/index.ts'
import { resolveOptions } from '../../core/options.ts'
import { appOptions } from '../options.ts'
import { requireRights } from '../topics/rights.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { type AppOptions, atBrokers } from './at-brokers.ts'

/** A process of an application, as its group knows it. */
export interface AppProcess {
  /** By which brokers name it in their logs. */
  readonly memberId: string
  /** The address that it connects from. */
  readonly host: string
  readonly role: 'active' | 'standby'
}

/**
 * Lists the processes of an application, the active one first. Right after one has come or gone none may be active.
 *
 * @throws MillraceError `KAFKA_RIGHTS_MISSING`; KafkaError
 *
 * @example
 * const [active, ...standbys] = await processes({ app: 'customer-360', bootstrapServers: 'localhost:9092' })
 */
export async function processes({ logger, clock, tls, sasl, ...given }: AppOptions): Promise<AppProcess[]> {
  const settings = resolveOptions(appOptions, { given, env: process.env })
  const { app } = settings
  return atBrokers(settings, { logger, clock, tls, sasl }, async (cluster) => {
    await requireRights(cluster, app, [{ operation: 'Describe', resource: 'group', name: app }])
    const members = await listGroupMembers(cluster, app, ownTopics(app).checkpointTopic)
    return members
      .toSorted((a, b) => Number(b.isOwner) - Number(a.isOwner))
      .map(({ memberId, host, isOwner }) => ({ memberId, host, role: isOwner ? 'active' : 'standby' }))
  })
}
