import { MillraceError } from '../../core/errors.ts'
import { Cluster, listOffsets } from '../../kafka/index.ts'
import type { Logger } from '../logs/logger.ts'
import type { Inspection } from '../observe/inspection.ts'
import type { App, InspectChoice } from '../runtime/app.ts'
import { AppFront } from '../runtime/app-front.ts'
import type { Report, SubtopologyReport } from '../runtime/report.ts'
import { correlating, type PendingChoice } from '../reads/pending-merge.ts'
import { type AppOptions, RunningApp } from '../runtime/running-app.ts'
import type { Role } from '../runtime/role.ts'
import { queriedOfChain } from '../tables/queried.ts'
import type { TablesSnapshot } from '../tables/tables-snapshot.ts'
import { findTopics } from '../topics/program-topics.ts'
import type { MergeKey } from '../topology/merged-step.ts'
import { chainOf, topicsBetween } from '../topology/subtopologies.ts'
import { InternalTopicCleaner } from './internal-topic-cleaner.ts'

/**
 * A program with several correlations: a chain of subtopologies in one process, each of which is a program by itself,
 * with its own group, checkpoint and epochs. Only topics lead from one to the next, so each is exactly once by itself,
 * and a slow one makes the topic before it longer and nothing else.
 *
 * State: one connection to the brokers, for what concerns the topics between.
 */
export class RunningChain extends AppFront implements App {
  readonly done: Promise<void>
  readonly caughtUp: Promise<void>
  readonly #apps: readonly RunningApp[]
  readonly #options: AppOptions

  private constructor(options: AppOptions, apps: readonly RunningApp[], cluster: Cluster) {
    super(options)
    this.#options = options
    this.#apps = apps
    this.done = this.#ended(cluster)
    this.caughtUp = Promise.race([this.#catchUp(cluster), this.done.then(() => Promise.reject(this.#stopped()))])
    // Whoever is interested awaits them; nobody has to.
    this.done.catch(() => {})
    this.caughtUp.catch(() => {})
  }

  /** Finds all topics first, so that what is missing is said before anything is read; then the first one starts first. */
  static async start(options: AppOptions, signal?: AbortSignal): Promise<RunningChain> {
    const { plan, servers, clock, logger } = options
    const cluster = new Cluster({ ...servers, ...(clock && { clock }) })
    const giveUp = () => void cluster.close()
    signal?.addEventListener('abort', giveUp)
    const apps: RunningApp[] = []
    try {
      signal?.throwIfAborted()
      const plans = chainOf(plan)
      for (const each of plans) await findTopics(cluster, each, silent)
      for (const each of plans) {
        const cleaners = each.sources
          .filter(({ isInternal }) => isInternal)
          .map(({ topic }) => new InternalTopicCleaner(cluster, each.name, topic, logger))
        const events = each === plan ? options.events : options.events.of(each.name)
        const own = { ...options, plan: each, servers: { ...servers, clientId: each.name }, events }
        apps.push(
          await RunningApp.start(
            { ...own, onProgress: (session) => cleaners.forEach((cleaner) => cleaner.look(session)) },
            signal,
          ),
        )
      }
    } catch (error) {
      await Promise.all(apps.map((app) => app[Symbol.asyncDispose]()))
      await cluster.close()
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
    return new RunningChain(options, apps, cluster)
  }

  get name(): string {
    return this.#options.plan.name
  }

  /** Others may do the work of some subtopologies. */
  get role(): Role {
    const roles = this.#apps.map(({ role }) => role)
    return (['incompatible', 'active'] as const).find((role) => roles.includes(role)) ?? 'standby'
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#apps.map((app) => app.stop()))
    await this.done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its failure is told by `done` and must not hide what made the scope end.
    await this.stop().catch(() => {})
  }

  progress(): { consumed: number; total: number } {
    const all = this.#apps.map((app) => app.progress())
    return {
      consumed: all.reduce((sum, { consumed }) => sum + consumed, 0),
      total: all.reduce((sum, { total }) => sum + total, 0),
    }
  }

  report(): Report {
    const reports = this.#apps.map((app): SubtopologyReport => ({ app: app.name, ...app.report() }))
    const { app: _, ...first } = linked(reports)
    return first
  }

  query(): TablesSnapshot {
    return queriedOfChain(this.#apps)
  }

  async pending<Parts extends object>(correlation: string, key: MergeKey, choice?: PendingChoice) {
    return correlating(this.#apps, correlation).pending<Parts>(correlation, key, choice)
  }

  async inspect(choice?: InspectChoice): Promise<Inspection> {
    return linked(await Promise.all(this.#apps.map((app) => app.inspect(choice))))
  }

  /** Resolves when all have been stopped; rejects with the first failure, once it has stopped the others. */
  async #ended(cluster: Cluster): Promise<void> {
    const failures: unknown[] = []
    await Promise.all(
      this.#apps.map(async (app) => {
        try {
          await app.done
        } catch (error) {
          failures.push(error)
        }
        // One that has ended is missed by the others, whatever it has ended with.
        await Promise.all(this.#apps.map((other) => other[Symbol.asyncDispose]()))
      }),
    )
    await cluster.close()
    if (failures.length > 0) throw failures[0]
  }

  /** Each in its order: what one has published is there for the next one once it has caught up itself. */
  async #catchUp(cluster: Cluster): Promise<void> {
    for (const [at, app] of this.#apps.entries()) {
      await app.caughtUp
      const next = this.#apps[at + 1]
      if (next === undefined) return
      for (const topic of await cluster.topics(topicsBetween(app.plan)))
        await next.consumed(topic.name, await listOffsets(cluster, topic, 'latest', 'read_uncommitted'))
    }
  }

  #stopped(): MillraceError {
    return new MillraceError('APP_STOPPED', `"${this.name}" was stopped before it had caught up`)
  }
}

/** Warnings are for those who start after that. */
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** The first of a chain, with the others in its `next`. */
function linked<Item extends { readonly next?: Item }>(items: readonly Item[]): Item {
  return items.reduceRight<Item | undefined>((next, each) => ({ ...each, ...(next && { next }) }), undefined)!
}
