import type { Clock } from '../../core/clock.ts'
import { ConfigError } from '../../core/errors.ts'
import { type Cluster, type GroupMember, LoopSigns, receiveBytes, type Topic } from '../../kafka/index.ts'
import { TableMemory } from '../../kernel/index.ts'
import { backlogOf } from '../topics/backlog.ts'
import { ByteBudget } from './byte-budget.ts'
import type { CarefulMode } from '../poison/careful-mode.ts'
import { brokerTime } from '../time/broker-time.ts'
import { recentManifest } from '../checkpoint/checkpoint-view.ts'
import { EpochSchedule } from '../epochs/epoch-schedule.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { WarmTable } from '../recovery/load-state.ts'
import type { Logger } from '../logs/logger.ts'
import type { RunOptions } from '../options.ts'
import { checkpointSink, findSource, type PipelineTopics } from '../topics/pipeline-topics.ts'
import { functionIds, type Plan } from '../topology/plan.ts'
import { RowBatchPool } from './row-batch.ts'
import { ThrottleNotice } from '../logs/throttle-notice.ts'
import { TimeOfDay } from '../time/time-of-day.ts'
import type { SourceGrowth } from '../topics/source-growth.ts'

/** Batches between reading and the table. Few, so that their columns and bytes stay in the cache from step to step. */
const rowBatches = 4

/**
 * Bytes of the table, index and log for each part that waits, if it is a small one, and for each record of a backlog: of three
 * parts that come in any order two thirds wait at the most, and not all at once. What is not used goes back like any other memory.
 */
const bytesPerPart = 160
const bytesPerBacklog = 64

/** What a run has besides records: filled in as it goes. Times are of the clock's monotonic kind. */
export interface RunStatistics {
  /** When the first fetch was sent, and when the last epoch was committed. */
  firstFetchMs: number
  lastCommitMs: number
  /** Bytes of record batches read, and how far that went. */
  sourceBytes: number
  sourceOffsets: number
  epochs: number
  /** Epochs that were rolled back because something crashed. */
  rollbacks: number
  pendingRowsMax: number
}

export function newStatistics(): RunStatistics {
  return {
    firstFetchMs: 0,
    lastCommitMs: 0,
    sourceBytes: 0,
    sourceOffsets: 0,
    epochs: 0,
    rollbacks: 0,
    pendingRowsMax: 0,
  }
}

export interface PipelineParts {
  plan: Plan
  options: RunOptions
  cluster: Cluster
  topics: PipelineTopics
  logger: Logger
  /** @defaultValue false */
  onlyRestores?: boolean
  /** What goes on being counted. @defaultValue counts from nothing */
  statistics?: RunStatistics
  /** @defaultValue one of its own */
  loop?: LoopSigns
}

/**
 * What the operators of one running program share. It outlives their restarts: an actor that crashed is made anew, the
 * state behind it goes to the epoch that the broker says was the last.
 */
export class Pipeline {
  readonly plan: Plan
  readonly options: RunOptions
  readonly cluster: Cluster
  readonly clock: Clock
  readonly timeOfDay: TimeOfDay
  readonly topics: PipelineTopics
  readonly logger: Logger
  /** Whether it reads what is pending into its table and no more, as a standby does. */
  readonly onlyRestores: boolean
  /** Where the main loop is, for the thread of the membership. */
  readonly loop: LoopSigns
  /** Operators whose function failed on the last records that it saw: whether the fault is the records' is not known yet. */
  readonly openStreaks = new Set<string>()
  /** Set when the sink has started for the first time and so knows where the program is. */
  state!: ProgramState
  /** Set with it. */
  careful!: CarefulMode
  /** Made anew with each life, so that memory in messages that were dropped is not waited for. */
  rowBatches = new RowBatchPool(rowBatches)
  /** What the memory budget leaves for outputs that are not stored yet. */
  budget: ByteBudget
  readonly #outputBytesMax: number
  /** Until a table lives in it. */
  #tableMemory: TableMemory | undefined
  readonly statistics: RunStatistics
  /** What it has learnt of the brokers holds in the next life. */
  readonly schedule: EpochSchedule
  readonly throttling: ThrottleNotice
  /** Number of the pipeline's present life. Messages of an older one are dropped where they arrive. */
  incarnation = 0
  /** What was in the source when this process became the active one. */
  endOffsets: readonly number[] = []
  /** As whom the active process commits offsets. */
  member!: (stale?: GroupMember) => Promise<GroupMember>
  /** Called when the state is there. */
  onLoaded: () => void = () => {}
  /** Called after each committed epoch. */
  onCommitted: () => void = () => {}
  /** Called when the table has all that was pending. */
  onRestored: () => void = () => {}
  /** What a standby has of what waits. */
  warmTable: WarmTable | undefined

  constructor(parts: PipelineParts) {
    this.plan = parts.plan
    this.options = parts.options
    this.cluster = parts.cluster
    this.clock = parts.cluster.clock
    this.topics = parts.topics
    this.logger = parts.logger
    this.onlyRestores = parts.onlyRestores ?? false
    this.statistics = parts.statistics ?? newStatistics()
    this.timeOfDay = this.#brokersTime()
    this.loop = parts.loop ?? new LoopSigns(functionIds(parts.plan))
    this.#outputBytesMax = outputBudget(parts.options, parts.topics.source)
    this.budget = new ByteBudget(this.#outputBytesMax)
    this.schedule = new EpochSchedule(parts.options)
    this.throttling = new ThrottleNotice(parts.plan.name, this.logger, this.clock)
  }

  #brokersTime(): TimeOfDay {
    const { cluster, clock, plan, options, topics, logger } = this
    return new TimeOfDay({
      app: plan.name,
      clock,
      skewMaxMs: options.clockSkewMaxMs,
      logger,
      ask: async () => (topics.isCheckpointStamped ? brokerTime(cluster, plan.checkpointTopic) : undefined),
    })
  }

  /** Has the system give the memory that what waits and the backlog are likely to need; an estimate, so that no failure matters here. */
  async prepareTableMemory(): Promise<void> {
    const { cluster, plan, topics } = this
    const [backlog, manifest] = await Promise.all([
      backlogOf(cluster, plan.name, topics.source).catch(() => 0),
      recentManifest(cluster, topics.sinks[checkpointSink]!).catch(() => undefined),
    ])
    this.#tableMemory = new TableMemory()
    this.#tableMemory.touch(backlog * bytesPerBacklog + (manifest?.pending ?? 0) * bytesPerPart)
  }

  /** Asks which partitions the source has now; a state that is made then is of all of them. */
  async refreshSource(): Promise<void> {
    this.topics.source = await findSource(this.cluster, this.plan)
  }

  /** Takes in partitions that the source was given, while nothing is read. */
  growSource({ topic, logEnds }: SourceGrowth): void {
    this.topics.source = topic
    this.state.epochs.grow(logEnds)
  }

  /** That memory, once: another table would not find it empty. */
  takeTableMemory(): TableMemory | undefined {
    const memory = this.#tableMemory
    this.#tableMemory = undefined
    return memory
  }

  /** Begins a new life, with memory of its own. */
  beginLife(): void {
    this.incarnation++
    this.rowBatches = new RowBatchPool(rowBatches)
    this.budget = new ByteBudget(this.#outputBytesMax)
    if (this.incarnation === 1) return
    this.statistics.rollbacks++
    this.schedule.rolledBack(this.clock.monotonicMs())
  }
}

/** Responses of one leader that are in flight or in use: one is read into while another is worked on. */
export const fetchBuffersPerLeader = 2

/** Below this the sink would be sent less than it can have in flight. */
const outputBytesMin = 8 << 20

/**
 * Splits the memory budget: what fetches may take is taken at once and for good, the rest is for outputs.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE` when the rest is too small to work with.
 */
function outputBudget({ memoryBudgetBytes, fetchBytes }: RunOptions, source: Topic): number {
  const leaders = new Set(source.partitions.map(({ leader }) => leader)).size
  const fetchMemory = leaders * fetchBuffersPerLeader * receiveBytes(fetchBytes)
  const rest = memoryBudgetBytes - fetchMemory
  if (rest >= outputBytesMin) return rest
  const least = fetchMemory + outputBytesMin
  throw new ConfigError(
    'CONFIG_INVALID_VALUE',
    `memoryBudgetBytes: ${memoryBudgetBytes} is too little to fetch ${fetchBytes} bytes from ${leaders} brokers; give at least ${least}, or lower fetchBytes`,
    { memoryBudgetBytes, least },
  )
}
