import type { Clock } from '../core/clock.ts'
import { type GivenOptions, resolveOptions } from '../core/options.ts'
import { Cluster, listOffsets } from '../kafka/index.ts'
import { type Logger, stderrLogger } from './logger.ts'
import { runOptions } from './options.ts'
import { findTopics } from './pipeline-topics.ts'
import { Pipeline } from './pipeline.ts'
import { planTopology } from './plan.ts'
import { type App, RunningApp } from './running-app.ts'
import { type GivenSecurity, resolveSecurity } from './security.ts'
import type { Topology } from './topology.ts'

export interface StartOptions extends GivenOptions<typeof runOptions>, GivenSecurity {
  /** Anything shaped like a pino logger. @defaultValue JSON lines on stderr */
  readonly logger?: Logger
  readonly clock?: Clock
}

/**
 * Starts a program: checks the topology, finds its topics, and reads the source from the start of its log.
 *
 * @throws TopologyError `TOPOLOGY_INVALID`, ConfigError, KafkaError `KAFKA_TOPIC_MISSING` before anything is read.
 *
 * @example
 * await using app = await start(customer360, { bootstrapServers: 'localhost:9092' })
 * await app.caughtUp()
 */
export async function start(
  topology: Topology,
  { logger = stderrLogger, clock, tls, sasl, ...given }: StartOptions = {},
): Promise<App> {
  const plan = planTopology(topology)
  const options = resolveOptions(runOptions, { given, env: process.env })
  const cluster = new Cluster({
    bootstrapServers: options.bootstrapServers,
    clientId: plan.name,
    ...resolveSecurity({ tls, sasl }),
    ...(clock && { clock }),
  })
  try {
    const topics = await findTopics(cluster, plan)
    const startOffsets = await listOffsets(cluster, topics.source, 'earliest')
    const endOffsets = await listOffsets(cluster, topics.source, 'latest')
    const pipeline = new Pipeline({ plan, options, cluster, topics, startOffsets })
    logger.info(
      { app: plan.name, topic: plan.source.topic, partitions: startOffsets.length },
      'reading the source from the start of its log: until epochs are transactions, parts that wait are kept in memory only',
    )
    return await RunningApp.start(pipeline, endOffsets, logger)
  } catch (error) {
    await cluster.close()
    throw error
  }
}
