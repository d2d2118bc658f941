import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RecordColumns } from '../../kernel/index.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { Meters } from '../observe/meters.ts'
import type { TaskShare } from '../recovery/task-share.ts'
import { warmTasks, type WarmState } from '../recovery/warm-state.ts'
import { joinedTable, type WarmTable } from '../recovery/warm-table.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { newStatistics } from '../runtime/statistics.ts'
import { restoreApart } from './restore-apart.ts'
import type { StandbyTasks } from './standby-tasks.ts'

/** A table of which more is live is given on as it is. */
const copiedBytesMax = 256 << 20

/** Some tasks that are being made ready, or are. */
interface Preparation {
  readonly tasks: readonly number[]
  readonly checkpoint: CheckpointView
  readonly done: Promise<void>
  readonly givingUp: AbortController
  isDone: boolean
  /** Absent until they are ready, and where their pending parts are to be read by the recovery. */
  warm?: PreparedTasks | undefined
}

interface PreparedTasks extends Pick<WarmState, 'sources'> {
  readonly warmTable: WarmTable
  /** Its rows, as the table of the member takes them in; absent where they are too many to be copied. */
  readonly columns: readonly RecordColumns[] | undefined
}

/**
 * Makes tasks ready that a member has been given, while it works on those that it had: the transactions of those who had
 * them are ended, their checkpoints read, and their pending parts restored into a table of their own, from copies where
 * there are some. So the work on all
 * tasks stops only for as long as it takes to put these rows into the table of the member.
 *
 * State: the tasks that are being made ready, or are; those that come meanwhile are next. What is made is a cache:
 * whatever fails, the recovery does all of it by itself.
 */
export class TasksAhead {
  readonly #services: KafkaServices
  readonly #copies: Pick<StandbyTasks, 'take'>
  #current: Preparation | undefined

  /** @param copies - What there is of tasks that others have worked on. */
  constructor(services: KafkaServices, copies: Pick<StandbyTasks, 'take'>) {
    // What is read for a table that may never be used counts for nothing.
    this.#services = { ...services, statistics: newStatistics(), meters: new Meters() }
    this.#copies = copies
  }

  /** Those that are ready. */
  get ready(): readonly number[] {
    return this.#current?.isDone === true ? this.#current.tasks : []
  }

  /**
   * Resolves when some of these tasks are ready; they are made so all together, unless others are before them.
   *
   * @param share - As it is for a recovery; what is read of checkpoints is read apart from it.
   * @param signal - Gives up.
   */
  prepare(share: TaskShare, signal: AbortSignal): Promise<void> {
    this.#current ??= this.#begin(share, signal)
    return this.#current.done
  }

  /** Drops what is made where any of it is of tasks that are none of these. */
  keep(own: readonly number[]): void {
    if (this.#current?.tasks.every((task) => own.includes(task)) !== false) return
    this.#current.givingUp.abort()
    this.#current = undefined
  }

  /**
   * Gives on what is ready, once: what was read of checkpoints to that of the member, the rows to its table.
   *
   * @param warmTable - What the member has of other tasks; absent where it has nothing.
   * @returns The table with both.
   */
  giveTo(checkpoint: CheckpointView, warmTable: WarmTable | undefined): WarmTable | undefined {
    const ready = this.#current
    if (ready?.isDone !== true) return warmTable
    this.#current = undefined
    checkpoint.takeOver(ready.checkpoint)
    if (ready.warm === undefined) return warmTable
    const { sources, warmTable: added, columns } = ready.warm
    if (warmTable === undefined) return added
    return joinedTable(this.#services.plan, sources.partitions, warmTable, added, columns)
  }

  #begin(share: TaskShare, signal: AbortSignal): Preparation {
    const givingUp = new AbortController()
    const checkpoint = new CheckpointView({ keepsTables: false })
    const preparation: Preparation = {
      tasks: share.own,
      checkpoint,
      givingUp,
      isDone: false,
      done: this.#restore({ ...share, checkpoint }, AbortSignal.any([signal, givingUp.signal])).then((warm) => {
        preparation.isDone = true
        preparation.warm = warm
      }),
    }
    return preparation
  }

  /** @returns Undefined where the recovery is to read their pending parts. */
  async #restore(share: TaskShare, signal: AbortSignal): Promise<Preparation['warm']> {
    const services = this.#services
    const { plan, logger } = services
    try {
      const copies = await this.#copies.take(share.own)
      if (copies !== undefined) share.checkpoint.takeOver(copies.checkpoint)
      const warm = await warmTasks(services, share, copies?.warmTable)
      if (warm === undefined) return undefined
      await restoreApart(services, warm, signal)
      return { ...warm, columns: await columnsOf(warm.warmTable) }
    } catch (error) {
      // The recovery meets the same, and says so; or it does not meet it any more.
      if (!signal.aborted) logger.debug({ app: plan.name, tasks: share.own, err: error }, 'could not make tasks ready')
      return undefined
    }
  }
}

/** Copies the rows, a piece in each turn: during the stop this would take longer than all else that is done then. */
async function columnsOf({ table }: WarmTable): Promise<RecordColumns[] | undefined> {
  if (table.liveBytes > copiedBytesMax) return undefined
  const copied: RecordColumns[] = []
  for (const columns of table.storedColumns(true)) {
    copied.push(columns)
    await nextTurn()
  }
  return copied
}
