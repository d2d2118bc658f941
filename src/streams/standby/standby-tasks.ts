import { isDeepStrictEqual } from 'node:util'
import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { Meters } from '../observe/meters.ts'
import type { OthersTasks } from '../recovery/task-share.ts'
import { copyOf, warmCopies } from '../recovery/warm-state.ts'
import type { WarmTable } from '../recovery/warm-table.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { newStatistics } from '../runtime/statistics.ts'
import { restoreApart } from './restore-apart.ts'

/** How often copies are brought up to date where `standbyRefreshMs` says nothing. */
const refreshMs = 1_000
/** How long copies are left alone that could not be brought up to date. */
const failurePauseMs = 60_000
/**
 * How many heartbeats a copy is kept that is not wanted any more: before a group gives a task to a member that has a copy
 * of it, it may take the copy from it first.
 */
const lingerHeartbeats = 8
/** Parts that a step of giving memory back looks at. */
const looksPerStep = 4_096

/** What there is of some tasks, for who goes on with them. */
export interface TaskCopies {
  readonly checkpoint: CheckpointView
  readonly warmTable: WarmTable
}

/** What a member keeps of tasks that others work on. */
export interface InspectedCopies {
  /** In ascending order. */
  readonly tasks: readonly number[]
  /** Of the pending parts. */
  readonly bytes: number
}

/** Some copies, as of the last epoch of each task. */
interface Copies {
  readonly warmTable: WarmTable
  readonly found: OthersTasks
}

/**
 * Keeps copies of tasks that others work on, in a table of their own: time and again these are brought up to the last
 * epoch of each task, as a standby brings up its table. So whoever is given one of them has to read only what has come
 * since.
 *
 * State: a table with the pending parts of some tasks, or none; what was read of their checkpoints. Both are a cache:
 * whatever fails, they are dropped, and a recovery reads all pending parts.
 * Memory: the table has at most `pendingBytesMax`, as that of the member's own tasks; where that is too little, copies of
 * half as many tasks are kept.
 */
export class StandbyTasks {
  readonly #services: KafkaServices
  readonly #wanted: () => Promise<readonly number[]>
  #checkpoint = new CheckpointView({ keepsTables: false })
  #copies: Copies | undefined
  #refreshing: Promise<void> = Promise.resolve()
  /** When they were last as new as the checkpoints, by the monotonic clock. */
  #refreshedMs = 0
  /** When a copy of each task was wanted last, by the monotonic clock. */
  readonly #wantedMs = new Map<number, number>()
  #lastKept: readonly number[] = []
  /** Of how many of them there is memory for copies, as far as is known. */
  #tasksMax = Infinity

  /** @param wanted - Says of which tasks copies are to be kept. */
  constructor(services: KafkaServices, wanted: () => Promise<readonly number[]>) {
    // What is read for a table that may never be used counts for nothing.
    this.#services = { ...services, statistics: newStatistics(), meters: new Meters() }
    this.#wanted = wanted
  }

  /** Those that there are; absent where there is none. */
  get inspected(): InspectedCopies | undefined {
    if (this.#copies === undefined) return undefined
    const { warmTable } = this.#copies
    return { tasks: this.#tasks, bytes: warmTable.table.liveBytes }
  }

  /** How long ago they were as new as the checkpoints, in milliseconds; undefined where there is none. */
  get ageMs(): number | undefined {
    return this.#copies && this.#services.clock.monotonicMs() - this.#refreshedMs
  }

  /** Keeps them until it is given up. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, options, plan, logger } = this.#services
    while (!signal.aborted) {
      let pauseMs = options.standbyRefreshMs === 0 ? refreshMs : options.standbyRefreshMs
      this.#refreshing = this.#refresh(signal).catch((error: unknown) => {
        this.#drop()
        if (signal.aborted || isOvertaken(error)) return
        if (MillraceError.is(error) && error.code === 'TABLE_FULL') return this.#keepFewer()
        pauseMs = failurePauseMs
        logger.warn({ app: plan.name, err: error }, 'could not keep copies of tasks warm')
      })
      await this.#refreshing
      await sleep(clock, pauseMs, signal).catch(() => {})
    }
  }

  /**
   * Gives on, once, what there is of tasks that this member has been given. Waits until it is not being changed.
   *
   * @returns Undefined where there is nothing of any of them.
   */
  async take(tasks: readonly number[]): Promise<TaskCopies | undefined> {
    if (!this.#tasks.some((task) => tasks.includes(task))) return undefined
    await this.#refreshing
    const copies = this.#copies
    const taken = this.#tasks.filter((task) => tasks.includes(task))
    if (copies === undefined || taken.length === 0) return undefined
    for (const task of taken) this.#wantedMs.delete(task)
    const checkpoint = new CheckpointView({ keepsTables: false })
    checkpoint.takeOver(this.#checkpoint)
    if (taken.length === this.#tasks.length) {
      this.#drop()
      return { checkpoint, warmTable: copies.warmTable }
    }
    const manifests = copies.found.manifests.filter((manifest) => !taken.includes(manifest.task!.number))
    this.#copies = { ...copies, found: { ...copies.found, manifests } }
    return { checkpoint, warmTable: copyOf(this.#services, copies.found, copies.warmTable, taken) }
  }

  get #tasks(): readonly number[] {
    return this.#copies?.found.manifests.map(({ task }) => task!.number) ?? []
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const services = this.#services
    const { plan, logger, clock } = services
    const own = await this.#tasksToKeep()
    if (own.length === 0) return this.#drop()
    const startedMs = clock.monotonicMs()
    const copies = await warmCopies(services, { own, checkpoint: this.#checkpoint }, this.#copies?.warmTable)
    if (copies === undefined) return this.#drop()
    const { state, found } = copies
    state.table.isLimited = true
    await restoreApart(services, copies, signal)
    const isFirst = this.#copies === undefined
    // Owners count their epochs apart, so that a task that leaves may take the greatest with it.
    const epoch = Math.min(...found.manifests.map((each) => each.epoch))
    const manifest = { ...found.manifest, epoch }
    this.#copies = { warmTable: { table: state.table, manifest, digests: [...state.pending.digests] }, found }
    this.#refreshedMs = startedMs
    if (isFirst) logger.info({ app: plan.name, tasks: own }, 'keeping copies of tasks of other members')
    while (state.table.compact(looksPerStep)) {}
  }

  async #tasksToKeep(): Promise<readonly number[]> {
    const wanted = await this.#wanted()
    const { clock, options } = this.#services
    const nowMs = clock.monotonicMs()
    const lingerMs = lingerHeartbeats * options.heartbeatIntervalMs
    for (const task of wanted) this.#wantedMs.set(task, nowMs)
    for (const [task, wantedMs] of this.#wantedMs) if (nowMs - wantedMs > lingerMs) this.#wantedMs.delete(task)
    const kept = [...this.#wantedMs.keys()].sort((a, b) => a - b)
    if (!isDeepStrictEqual(kept, this.#lastKept)) this.#tasksMax = Infinity
    this.#lastKept = kept
    return kept.slice(0, this.#tasksMax)
  }

  #drop(): void {
    this.#copies = undefined
    this.#checkpoint = new CheckpointView({ keepsTables: false })
  }

  #keepFewer(): void {
    const { plan, logger, options } = this.#services
    const facts = { app: plan.name, tasks: this.#lastKept, pendingBytesMax: options.pendingBytesMax }
    this.#tasksMax = Math.floor(Math.min(this.#tasksMax, this.#lastKept.length) / 2)
    logger.warn(
      { ...facts, kept: this.#tasksMax },
      'copies of tasks take more memory than pendingBytesMax: copies of half as many are kept',
    )
  }
}

/** Whether what was to be read is needed no longer, and was deleted meanwhile: a later epoch is to be looked at. */
function isOvertaken(error: unknown): boolean {
  return MillraceError.is(error) && (error.code === 'PENDING_LOST' || error.code === 'KAFKA_OFFSET_LOST')
}
