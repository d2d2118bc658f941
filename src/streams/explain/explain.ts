import { ConfigError } from '../../core/errors.ts'
import { type Cluster, topicRange } from '../../kafka/index.ts'
import { manifestsOf } from '../checkpoint/checkpoint-records.ts'
import { layoutBefore } from '../checkpoint/moved-record.ts'
import { readRuns } from '../deduplication/completed-runs.ts'
import { planTopology } from '../topology/plan.ts'
import { requireRights, rightsToExplain } from '../topics/rights.ts'
import type { Origin } from '../topics/source-partitions.ts'
import { chainOf } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import {
  type AppCheckpoint,
  findAppCheckpoint,
  firstCheckpoint,
  requireReading,
  topicsOf,
} from '../admin/app-checkpoint.ts'
import { readingAtBrokers, type ReadingLimits, type ReadingOptions } from '../admin/at-brokers.ts'
import type { Log } from '../admin/app-logs.ts'
import { startedAt } from '../admin/audit-report.ts'
import { goneParts } from '../admin/gone-records.ts'
import { KeyFinder } from './key-finder.ts'
import { earlierOf } from './earlier.ts'
import { onwardOf } from './onward.ts'
import { SourceRows } from './source-rows.ts'
import { isSamePlace } from '../topics/same-place.ts'
import { type Search, sourceTopics } from './search.ts'
import { pendingKey } from './pending-key.ts'
import { findPending, findUnread } from './pending-parts.ts'
import { findPublished } from './published-records.ts'
import { findDeadLetters } from './letters-of-key.ts'
import type { Explanation } from './explanation.ts'

/** Which key is explained, and how the brokers of its application are reached. */
export interface ExplainOptions extends ReadingOptions, Question {}

interface Question {
  /** The merge key: a JSON string or number, or any other text for a string. */
  readonly key: string
  /** Needed where a function chooses the stages of records: the checkpoint does not hold it. */
  readonly topology?: Topology | undefined
}

/**
 * Finds what has become of the records of a merge key: which parts are pending, and which are missing; where they were
 * published; which are dead letters; and which are still to be read, also before the first epoch has committed. Of a
 * subtopology it leads back to what its records were merged of, and on to what became of its own. Reads
 * the sources from the first pending offset, the dead letters, and one partition of the sink.
 *
 * @throws MillraceError `APP_UNKNOWN`, `CHECKPOINT_CORRUPT`, `KAFKA_RIGHTS_MISSING`; ConfigError
 * `CONFIG_INVALID_VALUE`, `CONFIG_MISSING_VALUE`
 *
 * @example
 * const { pending, published } = await explain({ app: 'customer-360', key: 'c-17', bootstrapServers: 'localhost:9092'
 * })
 */
export function explain({ key, topology, ...options }: ExplainOptions): Promise<Explanation> {
  return readingAtBrokers(options, (cluster, app, limits) => explainAt(cluster, app, { key, topology }, limits))
}

async function explainAt(
  cluster: Cluster,
  app: string,
  { key, topology }: Question,
  reading: ReadingLimits,
): Promise<Explanation> {
  const { wait, ...limits } = reading
  await requireReading(cluster, app)
  const checkpoint = (await findAppCheckpoint(cluster, app, wait)) ?? (await unread(cluster, app, topology))
  await requireRights(cluster, app, rightsToExplain(topicsOf(checkpoint)))
  const shape = checkpoint.manifest.topology
  const search: Search = {
    cluster,
    checkpoint,
    rows: new SourceRows(app, shape, topology && subtopologyOf(topology, app)),
    finder: new KeyFinder(shape.keyName, key),
    limits,
    wait,
  }
  const parts = await findPending(search)
  const published = (await Promise.all(checkpoint.manifest.outputs.map((name) => findPublished(search, name)))).flat()
  const deadLetters = await findDeadLetters(search, app)
  // What has left since the checkpoint is not pending any more.
  const left = [...published.flatMap((record) => record.parts), ...deadLetters.flatMap(({ consumed }) => consumed)]
  const hasNotLeft = (place: Origin) => !left.some((other) => isSamePlace(place, other))
  const pending = parts.filter(hasNotLeft)
  const starts = startedAt(checkpoint.manifest, checkpoint.partitions)
  const gone = goneParts(checkpoint, await presentSources(search))
  const before = layoutBefore(checkpoint.records)
  const { next } = checkpoint.manifest
  const onward = next && (await onwardOf(cluster, next, published, reading))
  const unreadRecords = (await findUnread(search)).filter(hasNotLeft)
  const places = [...pending, ...unreadRecords, ...left]
  const earlier = await earlierOf(cluster, { app, shape }, places, reading)
  const sides = shape.sides.map(({ name }) => name)
  return {
    app,
    sources: shape.sources.map(({ topic }) => topic),
    key: search.finder.text,
    ...(pending.length > 0 && { pending: pendingKey(sides, checkpoint.manifest.expiry, pending) }),
    ...(gone.length > 0 && { goneParts: gone }),
    ...(unreadRecords.length > 0 && { unread: unreadRecords }),
    ...(isRemembered(search) && { isRemembered: true }),
    ...(starts.length > 0 && { startedAt: starts }),
    ...(before && { layoutBefore: before }),
    published,
    deadLetters: deadLetters.map(({ consumed: _consumed, ...letter }) => letter),
    ...(earlier && { earlier }),
    ...(onward && { onward }),
  }
}

async function presentSources(search: Search): Promise<(Pick<Log, 'present'> | undefined)[]> {
  const sources: Pick<Log, 'present'>[] = []
  for (const [topic, source] of await sourceTopics(search))
    sources[source] = { present: { topic, range: await topicRange(search.cluster, topic) } }
  return sources
}

/** That of the name; the first one where none has it. */
function subtopologyOf(topology: Topology, name: string): Topology {
  return chainOf(topology).find((each) => each.name === name) ?? topology
}

/** Where no epoch has committed yet, only the topology tells the source. */
async function unread(cluster: Cluster, app: string, topology: Topology | undefined): Promise<AppCheckpoint> {
  if (topology !== undefined) return firstCheckpoint(cluster, planTopology(subtopologyOf(topology, app)))
  const text = `"${app}" has not committed an epoch yet, so there is no checkpoint that tells its source; give its topology, or --topology`
  throw new ConfigError('CONFIG_MISSING_VALUE', text, { app })
}

function isRemembered({ checkpoint: { records, topic }, finder: { canonical, isNumber } }: Search): boolean {
  let isFound = false
  for (const { task, completed } of manifestsOf(records, topic?.partitions.keys() ?? [])) {
    if (completed === undefined) continue
    readRuns(records, task?.number ?? 0, completed, (_number, key) => {
      isFound ||= key.isNumber === isNumber && canonical.equals(key.bytes)
    })
  }
  return isFound
}
