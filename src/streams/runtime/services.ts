import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { type Cluster, LoopSigns } from '../../kafka/index.ts'
import type { ProgramEvents } from '../events/program-events.ts'
import type { Logger } from '../logs/logger.ts'
import type { Meters } from '../observe/meters.ts'
import type { RunOptions } from '../options.ts'
import { LookupTables } from '../tables/lookup-tables.ts'
import { brokerTime } from '../time/broker-time.ts'
import { TimeOfDay } from '../time/time-of-day.ts'
import type { ProgramTopics } from '../topics/program-topics.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { functionIds, type Plan } from '../topology/plan.ts'
import { outputBytesMax } from './memory-budget.ts'
import type { RunStatistics } from './statistics.ts'

/** What operators use of their surroundings. It is the same for as long as a process takes part in its application. */
export interface Services {
  readonly plan: Plan
  readonly options: RunOptions
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly timeOfDay: TimeOfDay
  /** As they were found when the process began to take part. */
  readonly topics: ProgramTopics
  /** What the memory budget leaves for outputs that are not stored yet. */
  readonly outputBytesMax: number
  /** Where the main loop is, for the thread of the membership. */
  readonly loop: LoopSigns
  readonly statistics: RunStatistics
  readonly meters: Meters
  readonly events: ProgramEvents
  /** Tables that topics fill; absent where a program has none. */
  readonly lookups: LookupTables | undefined
  /** Absent where no trace is followed. */
  readonly tracing: Tracing | undefined
}

/** The same with Kafka itself, for those that take part in the application on behalf of the operators. */
export interface KafkaServices extends Services {
  readonly cluster: Cluster
}

export type ServiceParts = Pick<
  KafkaServices,
  'plan' | 'options' | 'cluster' | 'logger' | 'topics' | 'statistics' | 'meters' | 'events' | 'tracing'
>

/** @throws ConfigError `CONFIG_INVALID_VALUE` when the memory budget is too small to work with. */
export function kafkaServices(parts: ServiceParts): KafkaServices {
  const { plan, options, cluster, topics, logger } = parts
  const { clock, random } = cluster
  const timeOfDay = new TimeOfDay({
    app: plan.name,
    clock,
    skewMaxMs: options.clockSkewMaxMs,
    logger,
    ask: async () => (topics.isCheckpointStamped ? brokerTime(cluster, plan.checkpointTopic) : undefined),
  })
  return {
    ...parts,
    clock,
    random,
    timeOfDay,
    outputBytesMax: outputBytesMax(options, topics.sources),
    loop: new LoopSigns(functionIds(plan)),
    lookups: LookupTables.of(plan.lookups),
  }
}
