import { MillraceError } from '../../core/errors.ts'
import { type Cluster, findMissingRights, grantsOf, type Right } from '../../kafka/index.ts'
import { type Plan } from '../topology/plan.ts'
import { expiryTopics } from '../topology/plan-leaving.ts'
import { ownTopics } from '../topology/plan-topics.ts'

/** What every process of a program needs, one that stands by as well. */
export function rightsToRun({ name, lookups, sources, sinks, correlate, next, ...own }: Plan): Right[] {
  const ofSink = next === undefined ? (['Write', 'DescribeConfigs'] as const) : createdByRun
  return [
    ...sources.flatMap(({ topic, isInternal }) =>
      onTopic(topic, 'Read', 'DescribeConfigs', ...(isInternal ? (['Delete'] as const) : [])),
    ),
    ...lookups.flatMap(({ topic }) => onTopic(topic, 'Read')),
    ...sinks.flatMap(({ topic }) => onTopic(topic, ...ofSink)),
    ...expiryTopics(correlate.expiry).flatMap((topic) => onTopic(topic, 'Write', 'DescribeConfigs')),
    ...onTopic(own.deadLetterTopic, ...createdByRun),
    ...onTopic(own.checkpointTopic, 'Create', 'Read', 'Write', 'DescribeConfigs'),
    ...groupsTakenOver(name, sources).map((group): Right => ({
      operation: 'Describe',
      resource: 'group',
      name: group,
    })),
    { operation: 'Read', resource: 'group', name },
    { operation: 'Write', resource: 'transactional-id', name },
  ]
}

/** On a topic that is created where there is none. */
const createdByRun = ['Create', 'Write', 'DescribeConfigs'] as const

/** Other groups at whose offsets a new program begins. */
function groupsTakenOver(app: string, sources: Plan['sources']): string[] {
  const groups = sources.flatMap(({ from }) => (typeof from === 'object' && 'group' in from ? [from.group] : []))
  return [...new Set(groups)].filter((group) => group !== app)
}

/** What reading the checkpoint of an application and its dead letters needs; they say which topics it has besides. */
export function rightsToReadApp(app: string, checkpointTopic: string): Right[] {
  return [...onTopic(checkpointTopic, 'Read'), ...onTopic(ownTopics(app).deadLetterTopic, 'Read')]
}

/** What an audit needs besides, of the topics that the checkpoint names. */
export function rightsToAudit(app: string, topics: readonly string[]): Right[] {
  return [ownTopics(app).deadLetterTopic, ...topics].flatMap((topic) => onTopic(topic, 'Read', 'DescribeConfigs'))
}

/** What explaining a key needs besides. */
export function rightsToExplain(topics: readonly string[]): Right[] {
  return topics.flatMap((topic) => onTopic(topic, 'Read'))
}

/** What redriving dead letters needs besides `rightsToReadApp`. */
export function rightsToRedrive(app: string, topics: readonly string[]): Right[] {
  const { deadLetterTopic, redriveTopic } = ownTopics(app)
  return [
    ...[deadLetterTopic, ...topics].flatMap((topic) => onTopic(topic, 'Read', 'DescribeConfigs')),
    ...onTopic(redriveTopic, 'Create', 'Read', 'Write'),
    { operation: 'Describe', resource: 'group', name: app },
    { operation: 'Write', resource: 'transactional-id', name: redriveTopic },
  ]
}

/**
 * @param checkpointTopic - The one that it has, or would have.
 * @param hasRedriven - Whether it has a topic of redriven letters.
 */
export function rightsToReset(app: string, checkpointTopic: string, hasRedriven: boolean): Right[] {
  const { redriveTopic } = ownTopics(app)
  return [
    ...onTopic(checkpointTopic, 'Read', 'Delete'),
    ...(hasRedriven ? onTopic(redriveTopic, 'Delete') : []),
    { operation: 'Describe', resource: 'group', name: app },
    { operation: 'Delete', resource: 'group', name: app },
    { operation: 'Write', resource: 'transactional-id', name: app },
  ]
}

/**
 * What taking a program to another layout needs besides `rightsToRun` in both.
 *
 * @param topics - That are created, and deleted. @param groups - That are deleted.
 */
export function rightsToRelayout(app: string, topics: readonly string[], groups: readonly string[]): Right[] {
  return [
    ...topics.flatMap((topic) => onTopic(topic, 'Create', 'Read', 'Write', 'Delete')),
    ...groups.flatMap((name): Right[] => [
      { operation: 'Describe', resource: 'group', name },
      { operation: 'Delete', resource: 'group', name },
    ]),
    { operation: 'Write', resource: 'transactional-id', name: app },
  ]
}

/**
 * Fails unless this client has all of some rights.
 *
 * @throws MillraceError `KAFKA_RIGHTS_MISSING`, with all that are missing.
 */
export async function requireRights(cluster: Cluster, app: string, rights: readonly Right[]): Promise<void> {
  const missing = await findMissingRights(cluster, rights)
  if (missing.length === 0) return
  const grants = grantsOf(missing)
  throw new MillraceError(
    'KAFKA_RIGHTS_MISSING',
    `the user that "${app}" connects as lacks rights, which these commands grant:\n${grants.join('\n')}`,
    { app, grants: grants.join('\n') },
  )
}

function onTopic(name: string, ...operations: Right['operation'][]): Right[] {
  return operations.map((operation) => ({ operation, resource: 'topic', name }))
}
