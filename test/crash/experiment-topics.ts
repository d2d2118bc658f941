import { Cluster, createTopics, deleteTopics } from '../../src/kafka/index.ts'
import { millrace } from '../integration/millrace.ts'
import type { Experiment } from './program.ts'

export const partitions = 12
export const recordsPerCustomer = 3

/** The experiment's records are stamped with a time long ago. */
const configs = { 'retention.ms': '-1' }
/**
 * All manifests are looked at in the end; the embedded broker would compact them away while a busy machine takes its
 * time.
 */
const checkpointConfigs = { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': String(24 * 3_600_000) }

/** The source of experiments on one broker, and what they leave behind, until disposed. */
export class ExperimentTopics implements AsyncDisposable {
  readonly customers: number
  readonly #bootstrapServers: string
  readonly #source: string
  readonly #cluster: Cluster
  readonly #topics: string[]

  static async generate(bootstrapServers: string, name: string, customers: number): Promise<ExperimentTopics> {
    const topics = new ExperimentTopics(bootstrapServers, `${name}.source`, customers)
    await topics.#generated('generate', topics.#source)
    return topics
  }

  private constructor(bootstrapServers: string, source: string, customers: number) {
    this.#bootstrapServers = bootstrapServers
    this.#source = source
    this.customers = customers
    this.#cluster = new Cluster({ bootstrapServers })
    this.#topics = [source]
  }

  /** An application with a sink of its own. */
  async experiment(app: string): Promise<Experiment> {
    const sink = `${app}.sink`
    const checkpoint = `${app}.checkpoint`
    this.#topics.push(sink, `${app}.dead-letter`, checkpoint)
    await createTopics(this.#cluster, [
      { name: sink, partitionCount: partitions, configs },
      { name: checkpoint, partitionCount: 1, configs: checkpointConfigs },
    ])
    await this.#cluster.topicWhenReady(sink)
    return { bootstrapServers: this.#bootstrapServers, app, source: this.#source, sink }
  }

  /**
   * Fails unless a sink is, byte for byte, what the experiment's seed says, and the audit proves that every offset has
   * exactly one class; says what they found.
   */
  async verify({ app, sink }: Experiment): Promise<string> {
    return `${await this.#generated('verify', sink)}\n${await this.#cli('audit', '--app', app)}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await deleteTopics(this.#cluster, this.#topics)
    await this.#cluster.close()
  }

  #generated(command: string, topic: string): Promise<string> {
    return this.#cli(command, '--topic', topic, '--customers', String(this.customers))
  }

  async #cli(command: string, ...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await millrace(command, '--bootstrap-servers', this.#bootstrapServers, ...words)
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${stdout}${stderr}`)
    return stdout.trimEnd()
  }
}
