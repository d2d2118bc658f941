/** The experiment done by Kafka Streams, exactly once; the program itself is the Maven project in `kafka-streams`. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ExperimentSource, lastLineOf } from '../experiment-source.ts'

const run = promisify(execFile)
const pom = join(import.meta.dirname, 'kafka-streams/pom.xml')
const built = join(import.meta.dirname, '../../.cache/kafka-streams')

export const javaOptions = ['-Xmx4g', '-XX:+UseParallelGC']

/**
 * The fastest that we found. In single runs G1, one or four threads, RocksDB, a cache and the default batch size were
 * all slower. @see Correlation.java for the store, which is in memory and has a changelog.
 */
export const settings = {
  'processing.guarantee': 'exactly_once_v2',
  'num.stream.threads': '2',
  // Customers come back too late to be met in a cache, which only cost time.
  'statestore.cache.max.bytes': '0',
  'auto.offset.reset': 'earliest',
  'main.consumer.max.poll.records': '10000',
  'producer.batch.size': '131072',
  // A transaction right after another is refused until the markers of that one are written. By default the producer
  // would wait for 100 ms before it tries again, which takes almost half of the rate.
  'producer.retry.backoff.ms': '2',
}

/** What Kafka Streams commits by unless told otherwise, under `exactly_once_v2`. */
export const commitIntervalMsDefault = 100

export interface KafkaStreamsMeasurement {
  /** Merges per second, from the first record processed to the last merge readable with `read_committed`. */
  correlationRate: number
  cpuSeconds: number
  peakRssBytes: number
}

export async function buildKafkaStreams(): Promise<void> {
  await run('mvn', ['-q', '-B', '-f', pom, 'compile', 'dependency:copy-dependencies', '-DincludeScope=runtime'])
}

/** The experiment in a process of Kafka Streams. */
export async function runKafkaStreams(
  source: ExperimentSource,
  app: string,
  commitIntervalMs: number,
): Promise<KafkaStreamsMeasurement> {
  return source.verified(app, ownTopicsOfKafkaStreams(app), (sink) =>
    runInstance(source, [source.topic, sink, String(source.partitions), String(source.customers)], {
      'application.id': app,
      'commit.interval.ms': String(commitIntervalMs),
    }),
  )
}

export function ownTopicsOfKafkaStreams(app: string): string[] {
  return [`${app}-by-customer-repartition`, `${app}-pending-changelog`]
}

/**
 * The experiment in several processes of Kafka Streams, of a thread each, that read a topic of the same records.
 *
 * @returns From the first record processed to the last merge readable, and the CPU that all took meanwhile.
 */
export async function shareKafkaStreams(
  source: ExperimentSource,
  topic: string,
  app: string,
  sink: string,
  { instances, whenStarted }: { instances: number; whenStarted: () => Promise<void> },
): Promise<{ seconds: number; cpuSeconds: number }> {
  // Each knows what it has merged itself; so it ends when the sink stands still, after most of its share.
  const merges = Math.floor((0.8 * source.customers) / instances)
  const running = Array.from({ length: instances }, () =>
    runInstance(source, [topic, sink, String(source.partitions), String(merges)], {
      'application.id': app,
      'commit.interval.ms': String(commitIntervalMsDefault),
      'num.stream.threads': '1',
    }),
  )
  const [measurements] = await Promise.all([Promise.all(running), whenStarted()])
  return {
    seconds: Math.max(...measurements.map(({ correlationRate }) => merges / correlationRate)),
    cpuSeconds: measurements.reduce((sum, each) => sum + each.cpuSeconds, 0),
  }
}

async function runInstance(
  source: ExperimentSource,
  experiment: readonly string[],
  own: Readonly<Record<string, string>>,
): Promise<KafkaStreamsMeasurement> {
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-kafka-streams-'))
  const all = { ...settings, 'bootstrap.servers': source.bootstrapServers, 'state.dir': stateDir, ...own }
  const classpath = `${join(built, 'classes')}:${join(built, 'dependency/*')}`
  try {
    const words = Object.entries(all).map(([name, value]) => `${name}=${value}`)
    const { stdout } = await run('java', [...javaOptions, '-cp', classpath, 'Correlation', ...experiment, ...words])
    return lastLineOf(stdout) as KafkaStreamsMeasurement
  } finally {
    await rm(stateDir, { recursive: true })
  }
}
