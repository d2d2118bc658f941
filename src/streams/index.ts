export type { AppOptions, ReadingOptions } from './admin/at-brokers.ts'
export { audit, auditAt, type AuditOptions } from './admin/audit.ts'
export type { AuditedTable, AuditedWindows, AuditReport, Miscount } from './admin/audit-report.ts'
export type { GoneParts } from './admin/gone-records.ts'
export type { DeadLetter } from './admin/dead-letter-reader.ts'
export type { Contradiction } from './admin/evidence.ts'
export { explain, type ExplainOptions } from './explain/explain.ts'
export type { Explanation, PendingKey, PendingPart, PublishedRecord, RecordPlace } from './explain/explanation.ts'
export { type CheckedTopic, checkTopics, type TopicsCheck } from './admin/check-topics.ts'
export type { TracedClass } from './admin/offset-classes.ts'
export type { EarlierRecord } from './explain/earlier.ts'
export type { OnwardRecord } from './explain/onward.ts'
export { deadLetters, type DeadLettersOptions, type KeptLetter, type LetterChoice } from './admin/kept-letters.ts'
export { type PlannedMigration, planUpgrade, type PlanUpgradeOptions, type UpgradePlan } from './admin/plan-upgrade.ts'
export { type AppProcess, processes } from './admin/processes.ts'
export { type Remains, reset, type ResetOptions } from './admin/reset.ts'
export type { Redriven } from './redrive/redriven-fates.ts'
export { relayout, type RelayoutOptions, type RelayoutReport } from './relayout/relayout.ts'
export { redrive, type RedriveChoice, type RedriveOptions } from './redrive/redrive.ts'
export type { RedrivenReason, RedriveReport } from './redrive/redrive-report.ts'
export type { Account, PartitionAccount } from './epochs/accounting.ts'
export { type Class, classes } from './epochs/epoch-counts.ts'
export { type AppEventName, appEvents, type AppEvents } from './events/app-events.ts'
export type { AppListener } from './events/program-events.ts'
export { PermanentFailure } from './functions/permanent-failure.ts'
export { Engine } from './in-memory/engine.ts'
export type { MemoryKafka, Written } from './in-memory/memory-kafka.ts'
export { loggedWaits } from './logs/broker-wait-log.ts'
export type { LogFacts, Logger } from './logs/logger.ts'
export { type HistogramSnapshot, secondsBounds } from './observe/histogram.ts'
export type {
  BrokerWait,
  InspectedActor,
  InspectedPartition,
  InspectedPending,
  InspectedRow,
  Inspection,
} from './observe/inspection.ts'
export type { SeenStreak } from './observe/source-streaks-seen.ts'
export { type RunOptions, runOptions } from './options.ts'
export { appOptions, letterOptions, readingOptions, redriveOptions, relayoutOptions } from './question-options.ts'
export { correlating, type HeldPart, type PendingChoice, type PendingMerge } from './reads/pending-merge.ts'
export type { RunStatistics } from './runtime/statistics.ts'
export type { WrittenTopic } from './observe/meters.ts'
export type { InspectedMember, InspectedProgram, InspectedTask } from './observe/inspected-program.ts'
export type { App, AppQuestions, InspectChoice } from './runtime/app.ts'
export type { EpochProducer, ProducerEvents } from './runtime/ports.ts'
export type { Report, SubtopologyReport } from './runtime/report.ts'
export type { Role } from './runtime/role.ts'
export { type Security, type SecurityOptions, securityOf, securityOptions } from './security.ts'
export type { ClosedShard, ShardMessage, ShardSetup, SharedPartition, TakenRows } from './shards/shard-messages.ts'
export { shardWorker } from './shards/shard-worker.ts'
export { ShardedTable } from './shards/sharded-table.ts'
export { start, type StartOptions } from './start.ts'
export type { InspectedLookup } from './tables/lookup-tables.ts'
export { queriedOfChain } from './tables/queried.ts'
export type { TablesSnapshot, TableView } from './tables/tables-snapshot.ts'
export { readRecords } from './topics/record-reader.ts'
export type { Origin, PartitionPlace } from './topics/source-partitions.ts'
export { describePlan, type PlanDescription } from './topology/describe-plan.ts'
export { type ConvertedField, field, type Field } from './topology/field.ts'
export {
  header,
  recordKey,
  type HeaderKey,
  type Key,
  type KeyEncoding,
  type KeyFunction,
  type RecordKey,
} from './topology/key.ts'
export {
  apicurioJson,
  compressedJson,
  confluentJson,
  type DecodeFunction,
  type Decoding,
  glueJson,
  type OpeningOptions,
  rawBytes,
} from './topology/decoding.ts'
export type { RecordHeader, RecordHeaders, RecordView } from './topology/record-view.ts'
export type { Layout, TopologyOptions } from './topology/layout.ts'
export { planTopology } from './topology/plan.ts'
export {
  type DeclaredTable,
  type LookupRows,
  type LookupTable,
  type LookupTableOptions,
  programTableOptions,
  type ProgramTable,
  type ProgramTableOptions,
  type RecordTable,
  table,
} from './topology/table.ts'
export type { WindowOptions, WindowResult } from './topology/aggregation.ts'
export {
  hopping,
  type HoppingOptions,
  session,
  type SessionOptions,
  type SessionWindows,
  sliding,
  type SlidingOptions,
  type SlidingWindows,
  type TimeWindows,
  tumbling,
  type TumblingOptions,
  type Windows,
} from './topology/windows.ts'
export { stage, type Json, type PartFunction, type Stage, type StageOptions } from './topology/stage.ts'
export {
  type CorrelateOptions,
  type Expired,
  type Keys,
  type Merged,
  type CountField,
  type ListOptions,
  type OptionalSides,
  topicsExpiredTo,
  type RememberCompleted,
  type WhenFull,
} from './topology/correlation.ts'
export { type MergedOptions, type MergeKey } from './topology/merged-step.ts'
export {
  type FilterFunction,
  type FlatMapFunction,
  type FlatMapOptions,
  type MapFunction,
  type RouteFunction,
  type Source,
  type SourceOptions,
  type SourceStep,
} from './topology/source.ts'
export { type IsoTime, type StartPosition } from './topology/start-position.ts'
export { onWorkers } from './topology/on-workers.ts'
export { type BranchSinks } from './topology/branch.ts'
export { type Compression, type SinkHeaders, type SinkOptions } from './topology/sink.ts'
export { type TopicOptions } from './topology/topic.ts'
export { chainOf } from './topology/subtopologies.ts'
export type {
  OpenTelemetryTracer,
  ParentContext,
  TracedSpan,
  TracedSpanContext,
  TracedSpanOptions,
  TracedState,
} from './tracing/open-telemetry-tracer.ts'
export { topology, type Topology } from './topology/topology.ts'
export type {
  Aggregated,
  Continued,
  Correlated,
  Grouped,
  GroupOptions,
  Named,
  Routed,
  Sourced,
  Windowed,
} from './topology/ways-on.ts'
