// Written by tools/docs.ts from the tables in options.ts: change those, then `npm run docs`.

import type { Secret } from '../core/secret.ts'

/** Settings of a running program. */
export interface ProgramSettings {
  /**
   * Brokers to begin with, as `host:port`, several separated by commas.
   *
   * A text. If it is not given, `MILLRACE_BOOTSTRAP_SERVERS` is read from the environment; one of the two is needed.
   */
  readonly bootstrapServers?: string | undefined
  /**
   * How long brokers that are away, elect or refuse for now are waited for before that is an error, at the start as
   * later, in milliseconds. A program waits without a bound unless this is given; commands that ask something wait for
   * 30,000.
   *
   * A whole number of at least 0. If it is not given, `MILLRACE_BROKER_WAIT_MS` is read from the environment.
   */
  readonly brokerWaitMs?: number | undefined
  /**
   * Longest time that an epoch takes in records before it is closed, in milliseconds; a quarter of the transaction
   * timeout at most. It is closed earlier when all records have been read.
   *
   * A whole number from 1 to 60000. If it is not given, `MILLRACE_EPOCH_MS` is read from the environment.
   * @defaultValue `100`
   */
  readonly epochMs?: number | undefined
  /**
   * Time without new records after which an epoch is closed early, in milliseconds.
   *
   * A whole number from 0 to 60000. If it is not given, `MILLRACE_EPOCH_IDLE_MS` is read from the environment.
   * @defaultValue `0`
   */
  readonly epochIdleMs?: number | undefined
  /**
   * Epochs per second at most that are closed before their time, because all records have been read; twice as many
   * where a subtopology reads nothing but what another one has committed.
   *
   * A whole number from 1 to 1000. If it is not given, `MILLRACE_TRANSACTIONS_PER_SECOND_MAX` is read from the
   * environment.
   * @defaultValue `50`
   */
  readonly transactionsPerSecondMax?: number | undefined
  /**
   * Bytes per second at most that such epochs write to the checkpoint topic.
   *
   * A whole number of at least 1024. If it is not given, `MILLRACE_CHECKPOINT_BYTES_PER_SECOND_MAX` is read from the
   * environment.
   * @defaultValue `1048576`
   */
  readonly checkpointBytesPerSecondMax?: number | undefined
  /**
   * Bytes of output after which an epoch is closed; fewer where the brokers cannot write so many in a quarter of the
   * transaction timeout.
   *
   * A whole number of at least 1024. If it is not given, `MILLRACE_EPOCH_BYTES` is read from the environment.
   * @defaultValue `67108864`
   */
  readonly epochBytes?: number | undefined
  /**
   * Time after which the broker aborts an epoch that this process does not end, in milliseconds.
   *
   * A whole number from 1000 to 900000. If it is not given, `MILLRACE_TRANSACTION_TIMEOUT_MS` is read from the
   * environment.
   * @defaultValue `60000`
   */
  readonly transactionTimeoutMs?: number | undefined
  /**
   * Time after which a process that is not heard of is taken for dead and a standby takes over, in milliseconds.
   * Brokers have limits for it.
   *
   * A whole number from 1000 to 1800000. If it is not given, `MILLRACE_SESSION_TIMEOUT_MS` is read from the
   * environment.
   * @defaultValue `45000`
   */
  readonly sessionTimeoutMs?: number | undefined
  /**
   * How often a process says that it is alive, in milliseconds.
   *
   * A whole number from 10 to 60000. If it is not given, `MILLRACE_HEARTBEAT_INTERVAL_MS` is read from the environment.
   * @defaultValue `500`
   */
  readonly heartbeatIntervalMs?: number | undefined
  /**
   * Name of the machine or container that this process runs in, such as that of a pod, where the system tells another
   * one after each restart. A process that was killed and is started again under it need not wait for its session to
   * end. At most one machine or container has a name at a time.
   *
   * A text. If it is not given, `MILLRACE_HOST_ID` is read from the environment.
   */
  readonly hostId?: string | undefined
  /**
   * How long the main loop may stand still, in a function that does not return, before a standby takes over, in
   * milliseconds. A worker that stands still for so long is replaced.
   *
   * A whole number from 100 to 1800000. If it is not given, `MILLRACE_MAX_STALL_MS` is read from the environment.
   * @defaultValue `30000`
   */
  readonly maxStallMs?: number | undefined
  /**
   * How long the main loop may stand still after `maxStallMs` before the process is ended with SIGKILL, in
   * milliseconds: nothing in it handles a signal any more. Not while a debugger may be attached. 0: never.
   *
   * A whole number from 0 to 1800000. If it is not given, `MILLRACE_STALLED_EXIT_MS` is read from the environment.
   * @defaultValue `30000`
   */
  readonly stalledExitMs?: number | undefined
  /**
   * Threads beside the main one. They call the functions that the topology has `onWorkers`; where it has none, they
   * have the pending table, each a share of the keys, and decode the records unless a function has to see these. 0: the
   * main thread does all of it.
   *
   * A whole number from 0 to 64. If it is not given, `MILLRACE_WORKERS` is read from the environment.
   * @defaultValue `0`
   */
  readonly workers?: number | undefined
  /**
   * Threads that have the pending table, each a share of the keys, where that is to be another number than `workers`:
   * beside functions `onWorkers`, say, which have threads of their own. 0: the table is on the main thread. As many as
   * `workers` unless it is given or a function is `onWorkers`.
   *
   * A whole number from 0 to 64. If it is not given, `MILLRACE_SHARDS` is read from the environment.
   */
  readonly shards?: number | undefined
  /**
   * Bytes for all records on the way from fetch to sink. Reading pauses while they are used up.
   *
   * A whole number of at least 16777216. If it is not given, `MILLRACE_MEMORY_BUDGET_BYTES` is read from the
   * environment.
   * @defaultValue `134217728`
   */
  readonly memoryBudgetBytes?: number | undefined
  /**
   * Bytes for pending parts. When they are used up the program stops with TABLE_FULL, or the oldest rows leave, the
   * program or memory alone, by `whenFull` of the correlation. What is pending is taken back at a start also where it
   * is more.
   *
   * A whole number from 1048576 to 3221225472. If it is not given, `MILLRACE_PENDING_BYTES_MAX` is read from the
   * environment.
   * @defaultValue `1073741824`
   */
  readonly pendingBytesMax?: number | undefined
  /**
   * How far ahead of the time of day the timestamp of a record may be where rows expire, or completed keys are
   * forgotten, by the time that records tell, in milliseconds. A record beyond that is a dead letter. Brokers refuse
   * such records themselves from Kafka 4.0 on.
   *
   * A whole number of at least 0. If it is not given, `MILLRACE_TIMESTAMP_AHEAD_MAX_MS` is read from the environment.
   * @defaultValue `3600000`
   */
  readonly timestampAheadMaxMs?: number | undefined
  /**
   * How far the clock of this machine may be from that of the broker before a warning is logged, CLOCK_SKEWED, in
   * milliseconds. The program goes by the time of the broker.
   *
   * A whole number of at least 1000. If it is not given, `MILLRACE_CLOCK_SKEW_MAX_MS` is read from the environment.
   * @defaultValue `60000`
   */
  readonly clockSkewMaxMs?: number | undefined
  /**
   * Offsets of a partition that a start reads again at most. Pending parts further behind are promoted to the
   * checkpoint topic, and so are those past half of what the source retains, by time or bytes, and all pending parts of
   * a compacted source.
   *
   * A whole number of at least 0. If it is not given, `MILLRACE_REPLAY_RECORDS_MAX` is read from the environment.
   * @defaultValue `2000000`
   */
  readonly replayRecordsMax?: number | undefined
  /**
   * How often a running program asks whether the source was given partitions, in milliseconds. They are read from
   * offset 0.
   *
   * A whole number from 10 to 3600000. If it is not given, `MILLRACE_SOURCE_REFRESH_MS` is read from the environment.
   * @defaultValue `10000`
   */
  readonly sourceRefreshMs?: number | undefined
  /**
   * Bytes of one fetch response.
   *
   * A whole number from 65536 to 67108864. If it is not given, `MILLRACE_FETCH_BYTES` is read from the environment.
   * @defaultValue `6291456`
   */
  readonly fetchBytes?: number | undefined
  /**
   * Bytes of one partition in a fetch response.
   *
   * A whole number from 1024 to 67108864. If it is not given, `MILLRACE_PARTITION_FETCH_BYTES` is read from the
   * environment.
   * @defaultValue `1048576`
   */
  readonly partitionFetchBytes?: number | undefined
  /**
   * Bytes that one compressed record batch may open to.
   *
   * A whole number of at least 1024. If it is not given, `MILLRACE_DECOMPRESSED_BYTES_MAX` is read from the
   * environment.
   * @defaultValue `67108864`
   */
  readonly decompressedBytesMax?: number | undefined
  /**
   * Bytes of a record batch written to the sink.
   *
   * A whole number from 1024 to 8388608. If it is not given, `MILLRACE_BATCH_BYTES` is read from the environment.
   * @defaultValue `65536`
   */
  readonly batchBytes?: number | undefined
  /**
   * Bytes of a merge key as it is written in a record; a longer one makes the record a dead letter.
   *
   * A whole number from 1 to 65535. If it is not given, `MILLRACE_KEY_BYTES_MAX` is read from the environment.
   * @defaultValue `1024`
   */
  readonly keyBytesMax?: number | undefined
  /**
   * Objects and arrays within one another in a record; deeper ones make the record a dead letter.
   *
   * A whole number from 1 to 65535. If it is not given, `MILLRACE_DEPTH_MAX` is read from the environment.
   * @defaultValue `512`
   */
  readonly depthMax?: number | undefined
  /**
   * Times that a promise of a function may be rejected for a record before the record becomes a dead letter. Its stage,
   * and with it the source, pauses between the attempts: by default 20 to 26 s in all. A record on which a function
   * throws is a dead letter at once.
   *
   * A whole number from 1 to 1000. If it is not given, `MILLRACE_STAGE_ATTEMPTS` is read from the environment.
   * @defaultValue `8`
   */
  readonly stageAttempts?: number | undefined
  /**
   * Pause after the first failed attempt of a function, in milliseconds; it doubles with each further one.
   *
   * A whole number from 0 to 3600000. If it is not given, `MILLRACE_STAGE_RETRY_FIRST_MS` is read from the environment.
   * @defaultValue `250`
   */
  readonly stageRetryFirstMs?: number | undefined
  /**
   * Longest pause between two attempts of a function, in milliseconds.
   *
   * A whole number from 0 to 3600000. If it is not given, `MILLRACE_STAGE_RETRY_MAX_MS` is read from the environment.
   * @defaultValue `10000`
   */
  readonly stageRetryMaxMs?: number | undefined
  /**
   * Share of each of these pauses that is left to chance, which only shortens it.
   *
   * A number from 0 to 1. If it is not given, `MILLRACE_STAGE_RETRY_JITTER` is read from the environment.
   * @defaultValue `0.2`
   */
  readonly stageRetryJitter?: number | undefined
  /**
   * Time that a promise of a function may be pending, in milliseconds; then the attempt has failed, and what still
   * comes of it is ignored. 0: no bound.
   *
   * A whole number from 0 to 86400000. If it is not given, `MILLRACE_STAGE_TIMEOUT_MS` is read from the environment.
   * @defaultValue `300000`
   */
  readonly stageTimeoutMs?: number | undefined
  /**
   * Records in a row on which a function throws, or its promises are rejected in all attempts, before the program
   * stops: then it is the function, not the records. Also records of a topic in a row that become dead letters for any
   * reason, before `onPoison` has its effect.
   *
   * A whole number of at least 1. If it is not given, `MILLRACE_MAX_CONSECUTIVE_POISON` is read from the environment.
   * @defaultValue `100`
   */
  readonly maxConsecutivePoison?: number | undefined
  /**
   * What happens when `maxConsecutivePoison` records of a topic in a row cannot be decoded or routed, or are dead
   * letters otherwise: `warn`, in the log and in the report of a run, or `stop` with the error SOURCE_UNUSABLE.
   *
   * One of warn, stop. If it is not given, `MILLRACE_ON_POISON` is read from the environment.
   * @defaultValue `warn`
   */
  readonly onPoison?: 'warn' | 'stop' | undefined
  /**
   * Processes that may die at the same epoch before the next one looks for the record that kills them.
   *
   * A whole number of at least 1. If it is not given, `MILLRACE_PROCESS_ATTEMPTS` is read from the environment.
   * @defaultValue `3`
   */
  readonly processAttempts?: number | undefined
  /**
   * How often a standby brings a table of its own up to the last epoch, so that it has little to read when it takes
   * over, in milliseconds; it reads the source and calls the functions of stages for that. 0: it keeps no table.
   *
   * A whole number from 0 to 3600000. If it is not given, `MILLRACE_STANDBY_REFRESH_MS` is read from the environment.
   * @defaultValue `0`
   */
  readonly standbyRefreshMs?: number | undefined
  /**
   * How many other processes keep a copy of each task, where processes share the work: who goes on with a task of one
   * that has ended then reads only what has come since its copy was brought up to date, which happens every
   * `standbyRefreshMs`, or every 1,000 ms where that is 0. Copies take memory as the tasks do, up to `pendingBytesMax`,
   * read the source and call the functions of stages. All processes are to say the same; brokers allow streams groups 2
   * unless they are set otherwise.
   *
   * A whole number from 0 to 8. If it is not given, `MILLRACE_STANDBY_TASKS` is read from the environment.
   * @defaultValue `0`
   */
  readonly standbyTasks?: number | undefined
  /**
   * What a process does that stands by and finds that the active one is another program of the same name, from which it
   * could not take over: `wait`, with a warning and the role `incompatible`, or `exit` with the error.
   *
   * One of wait, exit. If it is not given, `MILLRACE_ON_INCOMPATIBLE` is read from the environment.
   * @defaultValue `wait`
   */
  readonly onIncompatible?: 'wait' | 'exit' | undefined
  /**
   * Go on at a start where the source has lost pending or unread records; they are counted as lost.
   *
   * True or false. If it is not given, `MILLRACE_ACCEPT_LOSS` is read from the environment.
   * @defaultValue `false`
   */
  readonly acceptLoss?: boolean | undefined
  /**
   * Share of the traces of source records whose merges have spans, where there is an `otlpEndpoint` or the program is
   * started with a `tracer`; chosen by the ids of traces, of those with the flag `sampled`. 0: none.
   *
   * A number from 0 to 1. If it is not given, `MILLRACE_TRACE_RATIO` is read from the environment.
   * @defaultValue `0`
   */
  readonly traceRatio?: number | undefined
  /**
   * Collector of OpenTelemetry that takes the spans of merges over OTLP/HTTP, such as `http://localhost:4318`;
   * `/v1/traces` is added. Where the program is started with a `tracer` that has them instead.
   *
   * A text. If it is not given, `OTEL_EXPORTER_OTLP_ENDPOINT` is read from the environment.
   */
  readonly otlpEndpoint?: string | undefined
  /**
   * Headers for that collector, as `name=value` with commas between, values percent-encoded.
   *
   * A secret that is not empty; by flag, a file that holds it. If it is not given, `OTEL_EXPORTER_OTLP_HEADERS` is read
   * from the environment.
   */
  readonly otlpHeaders?: Secret | undefined
  /**
   * Compression of what it is sent. `gzip` takes more CPU than all else of a span.
   *
   * One of none, gzip. If it is not given, `OTEL_EXPORTER_OTLP_COMPRESSION` is read from the environment.
   * @defaultValue `none`
   */
  readonly otlpCompression?: 'none' | 'gzip' | undefined
  /**
   * Name of the service that these spans are of, by default that of the program.
   *
   * A text. If it is not given, `OTEL_SERVICE_NAME` is read from the environment.
   */
  readonly serviceName?: string | undefined
  /**
   * Further attributes of that service, as `name=value` with commas between, values percent-encoded.
   *
   * A text. If it is not given, `OTEL_RESOURCE_ATTRIBUTES` is read from the environment.
   */
  readonly resourceAttributes?: string | undefined
  /**
   * Time given to records on the way when the program is stopped, in milliseconds. Stopping and leaving the group may
   * take up to nine seconds more where brokers or functions do not answer; the default leaves room for that in the 30
   * seconds after which Kubernetes kills.
   *
   * A whole number of at least 0. If it is not given, `MILLRACE_DRAIN_MS` is read from the environment.
   * @defaultValue `20000`
   */
  readonly drainMs?: number | undefined
}

/** Which application is looked at, and how its brokers are reached. */
export interface AppSettings {
  /**
   * Name of the application, which is the name of its topology.
   *
   * A text.
   */
  readonly app: string
  /**
   * Brokers to begin with, as `host:port`, several separated by commas.
   *
   * A text. If it is not given, `MILLRACE_BOOTSTRAP_SERVERS` is read from the environment; one of the two is needed.
   */
  readonly bootstrapServers?: string | undefined
  /**
   * How long brokers that are away, elect or refuse for now are waited for before that is an error, in milliseconds.
   *
   * A whole number of at least 0. If it is not given, `MILLRACE_BROKER_WAIT_MS` is read from the environment.
   * @defaultValue `30000`
   */
  readonly brokerWaitMs?: number | undefined
}

/** Settings of what reads the topics of an application to their ends. */
export interface ReadingSettings extends AppSettings {
  /**
   * Bytes that one compressed record batch may open to.
   *
   * A whole number of at least 1024. If it is not given, `MILLRACE_DECOMPRESSED_BYTES_MAX` is read from the
   * environment.
   * @defaultValue `67108864`
   */
  readonly decompressedBytesMax?: number | undefined
  /**
   * How long a transaction that is open in a topic is waited for, in milliseconds.
   *
   * A whole number from 0 to 3600000.
   * @defaultValue `30000`
   */
  readonly transactionWaitMs?: number | undefined
}

/** The layout that a program is taken to, and how its brokers are reached. */
export interface RelayoutSettings {
  /**
   * The layout that the program is to have.
   *
   * One of single, keyed, routed.
   */
  readonly to: 'single' | 'keyed' | 'routed'
  /**
   * In the layout `routed`, how many partitions the topics have that parts are routed through. Without it as many as
   * the source with the most has.
   *
   * A whole number from 1 to 1048576.
   */
  readonly tasks?: number | undefined
  /**
   * Brokers to begin with, as `host:port`, several separated by commas.
   *
   * A text. If it is not given, `MILLRACE_BOOTSTRAP_SERVERS` is read from the environment; one of the two is needed.
   */
  readonly bootstrapServers?: string | undefined
  /**
   * How long brokers that are away, elect or refuse for now are waited for before that is an error, in milliseconds.
   *
   * A whole number of at least 0. If it is not given, `MILLRACE_BROKER_WAIT_MS` is read from the environment.
   * @defaultValue `30000`
   */
  readonly brokerWaitMs?: number | undefined
  /**
   * Bytes for pending parts. When they are used up the program stops with TABLE_FULL, or the oldest rows leave, the
   * program or memory alone, by `whenFull` of the correlation. What is pending is taken back at a start also where it
   * is more.
   *
   * A whole number from 1048576 to 3221225472. If it is not given, `MILLRACE_PENDING_BYTES_MAX` is read from the
   * environment.
   * @defaultValue `1073741824`
   */
  readonly pendingBytesMax?: number | undefined
}
