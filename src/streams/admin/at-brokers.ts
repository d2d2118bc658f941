import { type Clock, systemClock } from '../../core/clock.ts'
import { type OptionValues, resolveOptions } from '../../core/options.ts'
import { Cluster, type OpenTransaction, type TransactionWait } from '../../kafka/index.ts'
import { loggedWaits } from '../logs/broker-wait-log.ts'
import { type Logger, stderrLogger } from '../logs/logger.ts'
import { type appOptions, readingOptions } from '../question-options.ts'
import { type GivenSecurity, resolveSecurity } from '../security.ts'
import type { AppSettings, ReadingSettings } from '../settings.ts'

/** Which application a question is about, and how its brokers are reached: as `start` takes it. */
export interface AppOptions extends AppSettings, Surroundings {}

/** The same for a question that reads the topics of the application to their ends. */
export interface ReadingOptions extends ReadingSettings, Surroundings {
  /** Called with a transaction that is open in a topic and is waited for. @defaultValue nobody is told */
  readonly onWaiting?: ((open: OpenTransaction) => void) | undefined
}

/** How far a question goes when it reads topics. */
export interface ReadingLimits {
  readonly decompressedBytesMax: number
  readonly wait: TransactionWait
}

interface Surroundings extends GivenSecurity {
  /** Anything shaped like a pino logger; it is told of waits for brokers. @defaultValue JSON lines on stderr */
  readonly logger?: Logger | undefined
  /** Time, for tests. @defaultValue the machine's clock */
  readonly clock?: Clock | undefined
}

/** Asks something of the brokers of an application, over connections that are closed afterwards. */
export async function atBrokers<Result>(
  { app, bootstrapServers, brokerWaitMs }: OptionValues<typeof appOptions>,
  { logger = stderrLogger, clock = systemClock, ...security }: Surroundings,
  ask: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const waits = loggedWaits(app, logger, clock)
  const connection = { bootstrapServers, retryMs: brokerWaitMs, ...resolveSecurity(security) }
  const cluster = new Cluster({ ...connection, waits, clock })
  try {
    return await ask(cluster)
  } finally {
    await cluster.close()
  }
}

/** The same for a question that reads the topics of the application. */
export async function readingAtBrokers<Result>(
  { logger, clock, tls, sasl, onWaiting, ...given }: ReadingOptions,
  ask: (cluster: Cluster, app: string, limits: ReadingLimits) => Promise<Result>,
): Promise<Result> {
  const settings = resolveOptions(readingOptions, { given, env: process.env })
  const { app, decompressedBytesMax, transactionWaitMs: waitMs } = settings
  const limits = { decompressedBytesMax, wait: { waitMs, onWaiting } }
  return atBrokers(settings, { logger, clock, tls, sasl }, (cluster) => ask(cluster, app, limits))
}
