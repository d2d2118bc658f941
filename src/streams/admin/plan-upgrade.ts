import type { Cluster, TransactionWait } from '../../kafka/index.ts'
import { areKeysMoved, type Migration, migrationOf } from '../checkpoint/migration.ts'
import { hasFinishedParts } from '../checkpoint/manifest.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import { incompatibility, leftBehind } from '../recovery/compatibility.ts'
import { isOfTable, type TableMigration, tableMigrations } from '../tables/table-migration.ts'
import { findSources } from '../topics/program-topics.ts'
import { type Plan, planTopology } from '../topology/plan.ts'
import type { Topology } from '../topology/topology.ts'
import { type AppCheckpoint, ifKnown, readAppCheckpoint, requireReading } from './app-checkpoint.ts'
import { lossAtStart } from './gone-records.ts'
import { readingAtBrokers, type ReadingOptions } from './at-brokers.ts'

/** What planning an upgrade needs: the new version of the program, and how to reach its brokers. */
export interface PlanUpgradeOptions extends Omit<ReadingOptions, 'app'> {
  readonly topology: Topology
}

/** A change that a start migrates by itself, and what it concerns. */
export type PlannedMigration = (Migration | TableMigration) & {
  /** Pending parts that it may concern: those of the source, or of all sources with records of the side. */
  readonly pendingMax: number
}

/** What a start of another version of a program would do with what the present one has left pending. */
export interface UpgradePlan {
  readonly app: string
  /** The last epoch that has committed. */
  readonly epoch: number
  /**
   * `same`: it goes on as it is. `migrates`: so it does, after these changes. `refused`: it does not start. `begins`: a
   * subtopology that there was not before, or that has not committed an epoch yet.
   */
  readonly verdict: 'same' | 'migrates' | 'refused' | 'begins'
  /** Pending parts, all of which are kept unless it is refused. */
  readonly pending: number
  readonly migrations: readonly PlannedMigration[]
  /**
   * Completed keys that are remembered, and are forgotten because keys stand elsewhere; absent for none. Further parts of
   * them are no duplicates then.
   */
  readonly forgets?: number
  /** What a start would fail with. */
  readonly refusal?: { readonly code: string; readonly message: string }
  /**
   * A subtopology that the present version goes on to and this one does not, if there is one: it stays where it is, with
   * what it has pending and has not read.
   */
  readonly leaves?: string
  /** Of the subtopology that reads the merged records; absent where they are what the topology publishes. */
  readonly next?: UpgradePlan
}

/**
 * Says what a start of a version of a program would do with the checkpoint of the version before, and changes nothing.
 *
 * @throws MillraceError `APP_UNKNOWN`, `CHECKPOINT_CORRUPT`, `KAFKA_RIGHTS_MISSING`; KafkaError `KAFKA_TOPIC_MISSING`
 */
export function planUpgrade({ topology, ...options }: PlanUpgradeOptions): Promise<UpgradePlan> {
  const plan = planTopology(topology)
  return readingAtBrokers({ ...options, app: plan.name }, async (cluster, app, { wait }) => {
    await requireReading(cluster, app)
    const upgrade = await upgradeOn(cluster, plan, await readAppCheckpoint(cluster, app, wait))
    return withNext(upgrade, plan, (next) => upgradeOfNext(cluster, next, wait))
  })
}

async function withNext(
  upgrade: UpgradePlan,
  { next }: Plan,
  find: (next: Plan) => Promise<UpgradePlan>,
): Promise<UpgradePlan> {
  return next === undefined ? upgrade : { ...upgrade, next: await find(next) }
}

async function upgradeOfNext(cluster: Cluster, plan: Plan, wait: TransactionWait): Promise<UpgradePlan> {
  const app = plan.name
  const upgrade = await ifKnown(async () => {
    await requireReading(cluster, app)
    return upgradeOn(cluster, plan, await readAppCheckpoint(cluster, app, wait))
  })
  const begins: UpgradePlan = { app, epoch: 0, verdict: 'begins', pending: 0, migrations: [] }
  return withNext(upgrade ?? begins, plan, (next) => upgradeOfNext(cluster, next, wait))
}

async function upgradeOn(cluster: Cluster, plan: Plan, checkpoint: AppCheckpoint): Promise<UpgradePlan> {
  const { manifest, partitions, pending } = checkpoint
  const counts = pending.map((set) => set.count)
  const error =
    incompatibility(plan, await findSources(cluster, plan), manifest) ??
    leftBehind(plan, manifest, partitions, counts) ??
    (await lossAtStart(cluster, plan, checkpoint))
  const { migrations: ofTopology } = migrationOf(manifest, shapeOf(plan))
  const migrations = [...ofTopology, ...tableMigrations(manifest, plan)]
  const { count, forgotten } = manifest.completed ?? { count: 0, forgotten: 0 }
  const forgets = areKeysMoved(ofTopology) ? count - forgotten : 0
  return {
    app: plan.name,
    epoch: manifest.epoch,
    verdict: error !== undefined ? 'refused' : migrations.length > 0 ? 'migrates' : 'same',
    pending: manifest.pending,
    migrations: migrations.map((migration) => ({ ...migration, pendingMax: concernedBy(migration, plan, checkpoint) })),
    ...(forgets > 0 && { forgets }),
    ...(error && { refusal: { code: error.code, message: error.message } }),
    ...(manifest.next !== undefined && manifest.next.app !== plan.next?.name && { leaves: manifest.next.app }),
  }
}

function concernedBy(
  migration: Migration | TableMigration,
  plan: Plan,
  { manifest, partitions, pending }: AppCheckpoint,
): number {
  if (isOfTable(migration)) return 0
  // What was kept as functions have made it stays as it is.
  if (migration.kind === 'version' && hasFinishedParts(manifest)) return 0
  if (migration.kind === 'source' || migration.kind === 'returned') return 0
  if (migration.kind === 'side') return manifest.pending
  const topics = new Set('topic' in migration ? [migration.topic] : topicsOfSide(plan, migration.side))
  return pending.reduce((sum, { count }, number) => {
    return topics.has(partitions.placeOf(number).topic) ? sum + count : sum
  }, 0)
}

function topicsOfSide({ sides, sources }: Plan, name: string): string[] {
  const side = sides.findIndex((each) => each.name === name)
  return sources.filter((source) => source.sides.includes(side)).map(({ topic }) => topic)
}
