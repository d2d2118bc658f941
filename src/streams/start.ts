import { type Clock, systemClock } from '../core/clock.ts'
import { resolveOptions } from '../core/options.ts'
import { audit } from './admin/audit.ts'
import { explain } from './explain/explain.ts'
import { deadLetters } from './admin/kept-letters.ts'
import { processes } from './admin/processes.ts'
import { ProgramEvents } from './events/program-events.ts'
import { redrive } from './redrive/redrive.ts'
import { loggedWaits } from './logs/broker-wait-log.ts'
import { type Logger, stderrLogger } from './logs/logger.ts'
import { runOptions } from './options.ts'
import { planTopology } from './topology/plan.ts'
import type { App, AppQuestions } from './runtime/app.ts'
import { RunningChain } from './chain/running-chain.ts'
import { RunningApp } from './runtime/running-app.ts'
import { type GivenSecurity, resolveSecurity } from './security.ts'
import type { ProgramSettings } from './settings.ts'
import type { OpenTelemetryTracer } from './tracing/open-telemetry-tracer.ts'
import { tracingOf } from './tracing/tracing-of.ts'
import { refuseUnfit } from './shards/fit.ts'
import type { Topology } from './topology/topology.ts'
import { refuseOnWorker } from './workers/worker-thread.ts'

/** How long brokers that are away are waited for by those who ask a running program something, in milliseconds. */
const askingMs = 10_000

/** How a program runs: its settings, how its connections are secured, and what it uses of the process around it. */
export interface StartOptions extends ProgramSettings, GivenSecurity {
  /** Anything shaped like a pino logger. @defaultValue JSON lines on stderr */
  readonly logger?: Logger
  /** Time, for tests. @defaultValue the machine's clock */
  readonly clock?: Clock
  /**
   * Is told of merges as spans, of as many as `traceRatio` says, once their epoch has committed; `trace.getTracer(…)` of
   * `@opentelemetry/api` gives one. @defaultValue nobody is told
   */
  readonly tracer?: OpenTelemetryTracer
  /** Gives up the start, which then rejects with the signal's reason. A program that has started is ended by `stop`. */
  readonly signal?: AbortSignal
}

/**
 * Starts a program: checks the topology, finds its topics, and joins the processes of its name. One of them is active:
 * it goes on from the checkpoint; the first time, from the start of the source's log. The others stand by.
 *
 * @throws TopologyError `TOPOLOGY_INVALID`, `WORKERS_UNFIT`, ConfigError, KafkaError `KAFKA_TOPIC_MISSING`, MillraceError
 * `KAFKA_RIGHTS_MISSING` before anything is read; MillraceError `CHECKPOINT_MISSING`, `CHECKPOINT_CORRUPT`,
 * `CHECKPOINT_INCOMPATIBLE`, `CHECKPOINT_TOPIC_INVALID`, `OUTPUT_TOPIC_INVALID`, `SOURCE_RECREATED`, `GROUP_FOREIGN`,
 * `GROUP_OFFSETS_DIFFER`, `PENDING_LOST` or KafkaError `KAFKA_OFFSET_LOST` when it cannot go on from there.
 *
 * @example
 * await using app = await start(customer360, { bootstrapServers: 'localhost:9092' })
 * await app.caughtUp
 */
export async function start(
  topology: Topology,
  { logger = stderrLogger, clock, tracer, signal, tls, sasl, ...given }: StartOptions = {},
): Promise<App> {
  const plan = planTopology(topology)
  refuseOnWorker(plan.name)
  const options = resolveOptions(runOptions, { given, env: process.env })
  const tracing = await tracingOf({ app: plan.name, tracer, options, clock, logger })
  refuseUnfit({ plan, options })
  const { bootstrapServers, brokerWaitMs: retryMs } = options
  const events = new ProgramEvents(plan.name, logger)
  const waits = loggedWaits(plan.name, logger, clock ?? systemClock, events)
  const servers = {
    bootstrapServers,
    clientId: plan.name,
    ...(retryMs !== undefined && { retryMs }),
    waits,
    ...resolveSecurity({ tls, sasl }),
  }
  const asked = { app: plan.name, bootstrapServers, brokerWaitMs: askingMs, logger, clock, tls, sasl }
  const questions: AppQuestions = {
    audit: () => audit(asked),
    explain: (key) => explain({ ...asked, key, topology }),
    processes: () => processes(asked),
    deadLetters: (choice) => deadLetters({ ...asked, ...choice }),
    redrive: (choice) => redrive({ ...asked, ...choice }),
  }
  const running = { plan, options, servers, waits, logger, clock, events, tracing, questions }
  return plan.next === undefined ? RunningApp.start(running, signal) : RunningChain.start(running, signal)
}
