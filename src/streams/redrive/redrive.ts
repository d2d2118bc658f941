import { resolveOptions } from '../../core/options.ts'
import type { Cluster } from '../../kafka/index.ts'
import { ofNext } from '../admin/app-checkpoint.ts'
import { readingAtBrokers, type ReadingLimits, type ReadingOptions } from '../admin/at-brokers.ts'
import { requireKnownOrigin, topicsOfRecords } from '../admin/origin-choice.ts'
import { redriveOptions } from '../question-options.ts'
import { letterChoice } from './letter-choice.ts'
import type { RedriveReport } from './redrive-report.ts'
import { RedriveWork } from './redrive-work.ts'

/** Which dead letters are redriven. */
export interface RedriveChoice {
  /** Only those with this reason, or with one of several that are separated by commas. @defaultValue all that are no duplicates and no expired rows */
  readonly reason?: string | undefined
  /** Only those whose record has this key, as text. @defaultValue any */
  readonly key?: string | undefined
  /** Only those that died at this time or later, and before the other one, such as `2026-01-31T12:00:00Z`. @defaultValue any */
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** Only those whose record was there: `orders:3@1041`, `3@1041`, or all of `orders:3` or `orders`. @defaultValue any */
  readonly origin?: string | undefined
  /** Goes on without the letters whose records are gone from the source. @defaultValue false */
  readonly skipGone?: boolean | undefined
  /** Writes nothing, and tells what would be redriven. @defaultValue false */
  readonly dryRun?: boolean | undefined
}

/** Which application's dead letters are redriven, and how its brokers are reached. */
export interface RedriveOptions extends ReadingOptions, RedriveChoice {}

/**
 * Has dead letters go through their program again, each once: one that an earlier request has redriven is passed over,
 * also where that request died on its way. The letters stay where they are. A program that runs reads them within
 * `sourceRefreshMs`, any other with its next start. So are those of the subtopologies after it, each with a report of its
 * own.
 *
 * @throws MillraceError `APP_UNKNOWN`, `REDRIVE_RECORD_GONE`, `CHECKPOINT_CORRUPT`, `KAFKA_RIGHTS_MISSING`; KafkaError
 * `KAFKA_TRANSACTION_OPEN`, `TRANSACTION_FENCED` where another request has begun meanwhile; ConfigError
 * `CONFIG_INVALID_VALUE`
 *
 * @example
 * await redrive({ app: 'customer-360', reason: 'STAGE_FAILED', bootstrapServers: 'localhost:9092' })
 */
export function redrive(options: RedriveOptions): Promise<RedriveReport> {
  const { reason, key, since, until, origin, skipGone, dryRun = false, ...reading } = options
  const request = resolveOptions(redriveOptions, { given: { reason, key, since, until, origin, skipGone } })
  const isChosen = letterChoice(request)
  const redriveIn = async (cluster: Cluster, app: string, limits: ReadingLimits): Promise<ReportAndTopics> => {
    const work = await RedriveWork.begin(cluster, app, limits, { ...request, dryRun })
    try {
      const report = await work.run(isChosen)
      const next = await ofNext(work.manifest, (name) => redriveIn(cluster, name, limits))
      return {
        report: { ...report, ...(next && { next: next.report }) },
        topics: topicsOfRecords(work.manifest, next?.topics),
      }
    } finally {
      work.end()
    }
  }
  return readingAtBrokers(reading, async (cluster, app, limits) => {
    const { report, topics } = await redriveIn(cluster, app, limits)
    if (origin !== undefined && topics !== undefined && isEmpty(report)) requireKnownOrigin(origin, topics)
    return report
  })
}

interface ReportAndTopics {
  readonly report: RedriveReport
  /** Where the records may have been; undefined where that is not known. */
  readonly topics: readonly string[] | undefined
}

/** Whether no letter was chosen. */
function isEmpty({ reasons, next }: RedriveReport): boolean {
  return reasons.length === 0 && (next === undefined || isEmpty(next))
}
