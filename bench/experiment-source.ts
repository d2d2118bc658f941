import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { experimentBatches } from '../src/cli/experiment/index.ts'
import { Cluster, createTopics, deleteTopics, sendBatches } from '../src/kafka/index.ts'
import { type Kafka, startKafka } from '../tools/kafka/start.ts'
import { packageCli, writeExperiment } from './package-program.ts'
import type { ReadMeasurement } from './peers/measured-read.ts'
import { cpuMsOf } from './process-cpu.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
/** The experiment's records are stamped with a time long ago. */
const configs = { 'retention.ms': '-1' }

/** What benches use of the report of `run`, and the time from the start of its process to its end. */
export interface MillraceMeasurement extends ReadMeasurement {
  correlationRate: number
}

/**
 * The source of the experiment on an Apache Kafka, for benches that have several programs read it: every run gets a
 * sink of its own, which is verified.
 */
export class ExperimentSource implements AsyncDisposable {
  readonly partitions = 12
  readonly topic = `bench-source-${process.pid}`
  readonly customers: number
  readonly bootstrapServers: string
  readonly #kafka: Kafka | undefined
  readonly #cluster: Cluster
  readonly #beside: string[] = []

  /** Without `bootstrapServers` on a broker that is started for it and ends with it. */
  static async generate(customers: number, bootstrapServers?: string): Promise<ExperimentSource> {
    const kafka = bootstrapServers === undefined ? await startKafka({ heapMb: 2048 }) : undefined
    const source = new ExperimentSource(customers, kafka?.bootstrapServers ?? bootstrapServers!, kafka)
    await createTopics(source.#cluster, [{ name: source.topic, partitionCount: source.partitions, configs }])
    await source.#cli(['generate', '--topic', source.topic, '--customers', String(customers)])
    return source
  }

  private constructor(customers: number, bootstrapServers: string, kafka: Kafka | undefined) {
    this.customers = customers
    this.bootstrapServers = bootstrapServers
    this.#kafka = kafka
    this.#cluster = new Cluster({ bootstrapServers })
  }

  /** The experiment in a process of `millrace run`. */
  async runMillrace(app: string, options: string[] = []): Promise<MillraceMeasurement> {
    const fill = (sink: string) => this.#runProgram(app, sink, 'experiment-topology.ts', options)
    return this.verified(app, ownTopicsOf(app), fill)
  }

  /** The same by the package that a tree was built into. */
  async runPackage(app: string, tree: string): Promise<MillraceMeasurement> {
    const program = join(tmpdir(), `${app}.mjs`)
    const result = await this.verified(app, ownTopicsOf(app), (sink) => {
      writeExperiment(program, tree, { name: app, source: this.topic, sink })
      return this.#measured(['run', program, '--until-caught-up'], {}, packageCli(tree))
    })
    rmSync(program)
    return result
  }

  /** Another program, in a file beside this one, that has to make the experiment's merged records. */
  runVariant(app: string, file: string): Promise<MillraceMeasurement> {
    return this.verified(app, ownTopicsOf(app), (sink) => this.#runProgram(app, sink, file))
  }

  /** One over the same source that makes something else of them; what it has published is not looked at. */
  async runOther(app: string, file: string): Promise<MillraceMeasurement> {
    const sink = await this.#newSink(app)
    const result = await this.#runProgram(app, sink, file)
    await deleteTopics(this.#cluster, [sink, ...ownTopicsOf(app)])
    return result
  }

  /**
   * Writes the experiment's records to a topic beside the source, with its name and a suffix, in another shape.
   *
   * @param before - Is called when the topic is there, and has no record yet.
   */
  async generateBeside(
    suffix: string,
    shape: Partial<Pick<Parameters<typeof experimentBatches>[0], 'prefix' | 'stage' | 'partitionOf' | 'headersOf'>>,
    before?: (topic: string) => Promise<void>,
  ): Promise<void> {
    const name = `${this.topic}${suffix}`
    await createTopics(this.#cluster, [{ name, partitionCount: this.partitions, configs }])
    this.#beside.push(name)
    const topic = await this.#cluster.topicWhenReady(name)
    await before?.(name)
    const { customers, partitions } = this
    await sendBatches(this.#cluster, topic, experimentBatches({ customers, seed: 1, partitions, ...shape }), () => {})
  }

  /** Removes a topic that `generateBeside` made. */
  async removeBeside(suffix: string): Promise<void> {
    const [name] = this.#beside.splice(this.#beside.indexOf(`${this.topic}${suffix}`), 1)
    await deleteTopics(this.#cluster, [name!])
  }

  /** User and system time of the broker that was started for the source, which Linux tells in hundredths of a second. */
  get brokerCpuSeconds(): number {
    return cpuMsOf(this.#kafka!.pid) / 1_000
  }

  /**
   * Has a program fill a new sink; fails unless it is right byte for byte. Removes the sink and `ownTopics` of the
   * program.
   */
  async verified<Result>(app: string, ownTopics: string[], fill: (sink: string) => Promise<Result>): Promise<Result> {
    const sink = await this.#newSink(app)
    const result = await fill(sink)
    await this.#cli(['verify', '--topic', sink, '--customers', String(this.customers)])
    await deleteTopics(this.#cluster, [sink, ...ownTopics])
    return result
  }

  async #newSink(app: string): Promise<string> {
    const sink = `${app}.sink`
    await createTopics(this.#cluster, [{ name: sink, partitionCount: this.partitions, configs }])
    await this.#cluster.topicWhenReady(sink)
    return sink
  }

  #runProgram(app: string, sink: string, file: string, options: string[] = []): Promise<MillraceMeasurement> {
    const env = { BENCH_APP: app, BENCH_SOURCE: this.topic, BENCH_SINK: sink }
    return this.#measured(['run', join(root, 'bench', file), '--until-caught-up', ...options], env)
  }

  async #measured(words: string[], env: Record<string, string>, main?: string): Promise<MillraceMeasurement> {
    const startedMs = performance.now()
    const report = await this.#cli(words, env, main)
    return { ...report, secondsFromStart: (performance.now() - startedMs) / 1_000 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await deleteTopics(this.#cluster, [this.topic, ...this.#beside])
    await this.#cluster.close()
    await this.#kafka?.[Symbol.asyncDispose]()
  }

  /** Runs a command of the command line; what it reports. Fails when the command does. */
  async #cli(words: string[], env: Record<string, string> = {}, main = join(root, 'src/cli/main.ts')) {
    const command = [main, ...words, '--json', '--bootstrap-servers', this.bootstrapServers]
    const { stdout } = await run(process.execPath, command, { env: { ...process.env, ...env } })
    return lastLineOf(stdout) as Omit<MillraceMeasurement, 'secondsFromStart'>
  }
}

function ownTopicsOf(app: string): string[] {
  return [`${app}.dead-letter`, `${app}.checkpoint`]
}

/** The JSON in the last line of what a program printed. */
export function lastLineOf(stdout: string): unknown {
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

export function machineText(): string {
  return `node ${process.version}, ${cpus().length} x ${cpus()[0]!.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`
}
