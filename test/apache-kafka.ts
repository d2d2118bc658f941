import { javaAndMavenAvailable } from '../tools/kafka/jars.ts'
import { quickJava } from '../tools/kafka/quick-java.ts'
import { type Kafka, type KafkaOptions, startKafka } from '../tools/kafka/start.ts'

export interface RunningBroker extends AsyncDisposable {
  readonly bootstrapServers: string
}

/** A Kafka that runs already, instead of one that is started for the tests. */
const runningKafka = process.env['MILLRACE_KAFKA']
const available = await javaAndMavenAvailable()

/** What `skip` says of tests that run Java, or start an Apache Kafka of their own. */
export const skipWithoutJava = available === true ? false : available
/** What it says of tests on the one of `apacheKafka`. */
export const skipWithoutKafka = runningKafka === undefined ? skipWithoutJava : false

/** Tests write records that are older than retention keeps, and a suite takes longer than Kafka waits with that. */
const lateRetention = { 'log.initial.task.delay.ms': '3600000' }

/** The Kafka that runs already, or one that is started. */
export async function apacheKafka(): Promise<RunningBroker> {
  if (runningKafka === undefined) return startQuickKafka({ properties: lateRetention })
  return { bootstrapServers: runningKafka, [Symbol.asyncDispose]: async () => {} }
}

/** One that is started, and is up soon. */
export async function startQuickKafka(options: Omit<KafkaOptions, 'java' | 'version'> = {}): Promise<Kafka> {
  return startKafka({ ...options, java: await quickJava() })
}
