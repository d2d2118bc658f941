import { type Cluster, untilStable } from '../../kafka/index.ts'
import { headerOf, isOfResult, isProgress, type RecordColumns } from '../../kernel/index.ts'
import { outputHeaderName, readOutputPlace } from '../merged/published-records.ts'
import { aggregatedHeaderName, readResultFacts, type ResultFacts } from '../windows/window-results.ts'
import { readRecords } from '../topics/record-reader.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { requireRights, rightsToAudit } from '../topics/rights.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { layoutBefore } from '../checkpoint/moved-record.ts'
import { publishedOrigins } from '../checkpoint/published-origins.ts'
import { ofNext, readAppCheckpoint, requireReading, topicsOf } from './app-checkpoint.ts'
import { findLogs, type Log } from './app-logs.ts'
import { type AuditReport, judge } from './audit-report.ts'
import { readDeadLetter } from './dead-letter-reader.ts'
import { readingAtBrokers, type ReadingLimits, type ReadingOptions } from './at-brokers.ts'
import { Evidence } from './evidence.ts'
import { readLetterHeader } from '../redrive/letter-header.ts'

/** Which application is audited, and how its brokers are reached. */
export interface AuditOptions extends ReadingOptions {}

/**
 * Proves from the broker alone that every offset that an application has consumed has exactly one class: by its
 * checkpoint, by what merged records and dead letters say of their origins, and by the gaps of the sources. What was
 * filtered leaves no trace; it is what remains. What was taken into windows is in open ones or in their results. The application may run meanwhile.
 *
 * @throws MillraceError `APP_UNKNOWN`, `CHECKPOINT_CORRUPT`, `KAFKA_RIGHTS_MISSING`; KafkaError
 * `KAFKA_TRANSACTION_OPEN`; ConfigError
 *
 * @example
 * const { verdict } = await audit({ app: 'customer-360', bootstrapServers: 'localhost:9092' })
 */
export function audit(options: AuditOptions): Promise<AuditReport> {
  return readingAtBrokers(options, auditAt)
}

/** The same over connections that are there already. */
export async function auditAt(cluster: Cluster, app: string, limits: ReadingLimits): Promise<AuditReport> {
  const { report, manifest } = await auditOne(cluster, app, limits)
  const next = await ofNext(manifest, (name) => auditAt(cluster, name, limits))
  return { ...report, ...(next && { next }) }
}

async function auditOne(
  cluster: Cluster,
  app: string,
  { wait, ...limits }: ReadingLimits,
): Promise<{ report: AuditReport; manifest: Manifest }> {
  await requireReading(cluster, app)
  const checkpoint = await readAppCheckpoint(cluster, app, wait)
  const { partitions } = checkpoint
  await requireRights(cluster, app, rightsToAudit(app, topicsOf(checkpoint)))
  const evidence = new Evidence(checkpoint)
  const { windows, topology } = checkpoint.manifest
  const hasWindows = windows !== undefined

  // They are asked for their ends now, so that they have all that the checkpoint's epoch has brought, and perhaps more.
  const logs = await findLogs(cluster, app, checkpoint)
  const read = async ({ present }: Log, visit: (columns: RecordColumns) => void) => {
    if (present === undefined) return
    await untilStable(cluster, present.topic, present.range.ends, wait)
    await readRecords({ cluster, ...limits, ...present }, visit)
  }
  for (const log of logs.outputs) {
    await read(log, (columns) => {
      for (let row = 0; row < columns.count; row++) {
        if (hasWindows) {
          const place = headerOf(columns, row, outputHeaderName)
          evidence.addResult(resultFactsOf(columns, row), place && readOutputPlace(place))
          continue
        }
        if (topology.isRouted === true && isProgress(columns, row)) continue
        const origins = publishedOrigins(topology, columns, row)
        const place = headerOf(columns, row, outputHeaderName)
        evidence.addOutput(origins, place && readOutputPlace(place))
      }
    })
  }
  await read(logs.deadLetters, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const letter = readDeadLetter(columns, row, partitions)
      if (isOfResult(letter?.letter.reason)) evidence.addResult(resultFactsOf(columns, row))
      else evidence.addDeadLetter(letter)
    }
  })
  if (logs.redriven !== undefined) {
    await read(logs.redriven, (columns) => {
      const partition = partitions.numberOf({ topic: logs.redriven!.name, partition: columns.partition })
      for (let row = 0; partition !== undefined && row < columns.count; row++) {
        evidence.addRedriven(readLetterHeader(columns, row), { partition, offset: columns.offset[row]! })
      }
    })
  }
  if (evidence.isUnconfirmed) evidence.confirm((await readAppCheckpoint(cluster, app, wait)).pending)

  for (const log of logs.sources) await addGaps(evidence, partitions, log, (visit) => read(log, visit))
  const before = layoutBefore(checkpoint.records)
  const report = { ...judge(app, checkpoint, evidence, logs), ...(before && { layoutBefore: before }) }
  return { report, manifest: checkpoint.manifest }
}

function resultFactsOf(columns: RecordColumns, row: number): ResultFacts | undefined {
  const facts = headerOf(columns, row, aggregatedHeaderName)
  return facts && readResultFacts(facts)
}

type ReadLog = (visit: (columns: RecordColumns) => void) => Promise<void>

/** Finds where a source has no record that can be seen. */
async function addGaps(
  evidence: Evidence,
  partitions: SourcePartitions,
  { name: topic, present }: Log,
  read: ReadLog,
): Promise<void> {
  const { starts = [], ends = [] } = present?.range ?? {}
  const next = Array.from(starts)
  const add = (partition: number, from: number, to: number) => {
    for (const number of partitions.lanesOf(partitions.numberOf({ topic, partition })!))
      evidence.addGap(number, from, to)
  }
  await read(({ partition, count, offset }) => {
    for (let row = 0; row < count && offset[row]! < ends[partition]!; row++) {
      add(partition, next[partition]!, offset[row]!)
      next[partition] = offset[row]! + 1
    }
  })
  next.forEach((from, partition) => add(partition, from, ends[partition]!))
}
