import { createTopicsV7, describeGroupsV5, endTxnV3 } from '@platformatic/kafka'
import { KafkaError } from '../core/errors.ts'
import { brokerErrorName, brokerErrors } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import { askGroup } from './offset-store.ts'
import { withRetries } from './retry.ts'

/** Operations by the bit that brokers set for one that is allowed. */
const operationBits = { Read: 3, Write: 4, Create: 5, Delete: 6, Describe: 8, DescribeConfigs: 10 } as const

/** One operation on one resource; all are called as `kafka-acls` calls them. `Create` is asked only of topics that do not exist. */
export interface Right {
  readonly operation: keyof typeof operationBits
  readonly resource: 'topic' | 'group' | 'transactional-id'
  readonly name: string
}

/** What brokers answer that do not tell the allowed operations. */
const untold = -2147483648
const noProducerId = -1n
const noProducerEpoch = -1
const requestTimeoutMs = 30_000

/**
 * Finds which of some rights this client does not have. Changes nothing, and disturbs no other client.
 *
 * Brokers tell what is allowed together with the description of a topic or a group. They tell it of no transactional id, and of no
 * right to create any topic; so they are asked for what has no effect: to abort for a producer that does not exist, and to
 * validate a new topic. They look at the right before they look at the rest.
 */
export async function findMissingRights(cluster: Cluster, wanted: readonly Right[]): Promise<Right[]> {
  const namesOf = (kind: Right['resource']) => [
    ...new Set(wanted.filter(({ resource }) => resource === kind).map(({ name }) => name)),
  ]
  const topics = await cluster.topicPermissions(namesOf('topic'))
  const groups = new Map<string, number>()
  for (const group of namesOf('group')) groups.set(group, await groupPermissions(cluster, group))
  const isGranted = await Promise.all(
    wanted.map(async ({ operation, resource, name }) => {
      if (resource === 'transactional-id') return mayWriteTransactions(cluster, name)
      if (resource === 'group') return isAllowed(operation, groups.get(name)!)
      const { exists, operations } = topics.get(name)!
      if (operation !== 'Create') return isAllowed(operation, operations)
      return exists || isAllowed(operation, operations) || mayCreateTopic(cluster, name)
    }),
  )
  return wanted.filter((_, index) => !isGranted[index])
}

/** The commands that grant some rights, one a line. */
export function grantsOf(rights: readonly Right[]): string[] {
  const operations = new Map<string, string>()
  for (const { operation, resource, name } of rights) {
    const where = `--${resource} ${name}`
    operations.set(where, `${operations.get(where) ?? ''} --operation ${operation}`)
  }
  const grant = 'kafka-acls --bootstrap-server <host:port> --add --allow-principal User:<name>'
  return Array.from(operations, ([where, which]) => `${grant}${which} ${where}`)
}

function isAllowed(operation: Right['operation'], operations: number): boolean {
  return operations === untold || (operations & (1 << operationBits[operation])) !== 0
}

async function groupPermissions(cluster: Cluster, group: string): Promise<number> {
  try {
    const { groups } = await askGroup(cluster, group, 'describing the rights', (coordinator) =>
      coordinator.call(describeGroupsV5.api, [group], true),
    )
    return groups[0]!.authorizedOperations
  } catch (error) {
    if (brokerErrorOf(error) === brokerErrorName(brokerErrors.groupAuthorizationFailed)) return 0
    throw error
  }
}

function mayWriteTransactions(cluster: Cluster, transactionalId: string): Promise<boolean> {
  const what = `looking for the rights of transactional id "${transactionalId}"`
  return withRetries(cluster.retryPolicy, what, () => {
    const abort = cluster.requestOnce(what, endTxnV3.api, transactionalId, noProducerId, noProducerEpoch, false)
    return isPermitted(abort, brokerErrors.transactionalIdAuthorizationFailed)
  })
}

function mayCreateTopic(cluster: Cluster, name: string): Promise<boolean> {
  const what = `looking for the right to create topic "${name}"`
  const topic = { name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] }
  return withRetries(cluster.retryPolicy, what, () => {
    const validation = cluster.requestOnce(what, createTopicsV7.api, [topic], requestTimeoutMs, true)
    return isPermitted(validation, brokerErrors.topicAuthorizationFailed)
  })
}

/** Whether a broker answers anything but that this is not permitted. */
async function isPermitted(request: Promise<unknown>, forbidden: number): Promise<boolean> {
  try {
    await request
    return true
  } catch (error) {
    const answer = brokerErrorOf(error)
    if (answer === undefined) throw error
    return answer !== brokerErrorName(forbidden)
  }
}

/** What a broker has answered, unless it could not be asked. */
function brokerErrorOf(error: unknown): unknown {
  return error instanceof KafkaError ? error.details['brokerError'] : undefined
}
