import { errorCode, operationsUnknown } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { withRetries } from '../cluster/retry.ts'
import { askGroup } from './ask-group.ts'
import { refusalCode } from '../cluster/broker-error.ts'
import { creationOf } from './topics.ts'

/** Operations by the bit that brokers set for one that is allowed. */
const operationBits = { Read: 3, Write: 4, Create: 5, Delete: 6, Describe: 8, DescribeConfigs: 10 } as const

/**
 * One operation on one resource; all are called as `kafka-acls` calls them. `Create` is asked only of topics that do
 * not exist.
 */
export interface Right {
  readonly operation: keyof typeof operationBits
  readonly resource: 'topic' | 'group' | 'transactional-id'
  readonly name: string
}

/** A producer that does not exist. */
const noProducer = { producerId: -1, producerEpoch: -1 }

/**
 * Finds which of some rights this client does not have. Changes nothing, and disturbs no other client.
 *
 * Brokers tell what is allowed together with the description of a topic or a group. They tell it of no transactional
 * id, and of no right to create any topic; so they are asked for what has no effect: to abort for a producer that does
 * not exist, and to validate a new topic. They look at the right before they look at the rest.
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
  return operations === operationsUnknown || (operations & (1 << operationBits[operation])) !== 0
}

async function groupPermissions(cluster: Cluster, group: string): Promise<number> {
  try {
    const { groups } = await askGroup(cluster, group, 'describing the rights', apis.describeGroups, {
      groups: [group],
      includeAuthorizedOperations: true,
    })
    return groups[0]!.authorizedOperations
  } catch (error) {
    if (refusalCode(error) === errorCode.groupAuthorizationFailed) return 0
    throw error
  }
}

function mayWriteTransactions(cluster: Cluster, transactionalId: string): Promise<boolean> {
  const what = `looking for the rights of transactional id "${transactionalId}"`
  return withRetries(cluster.retryPolicy, what, () => {
    const abort = cluster.askOnce(what, apis.endTxn, { transactionalId, ...noProducer, committed: false })
    return isPermitted(abort, errorCode.transactionalIdAuthorizationFailed)
  })
}

function mayCreateTopic(cluster: Cluster, name: string): Promise<boolean> {
  const what = `looking for the right to create topic "${name}"`
  const validation = creationOf({ name, partitionCount: 1 }, { validateOnly: true })
  return withRetries(cluster.retryPolicy, what, () =>
    isPermitted(cluster.askOnce(what, apis.createTopics, validation), errorCode.topicAuthorizationFailed),
  )
}

/** Whether a broker answers anything but that this is not permitted. */
async function isPermitted(request: Promise<unknown>, forbidden: number): Promise<boolean> {
  try {
    await request
    return true
  } catch (error) {
    if (refusalCode(error) === undefined) throw error
    return refusalCode(error) !== forbidden
  }
}
