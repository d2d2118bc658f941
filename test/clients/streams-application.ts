import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { streamsClasspath } from '../../tools/kafka/jars.ts'
import { quickJava } from '../../tools/kafka/quick-java.ts'
import { Arrivals } from './arrivals.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, 'java/StreamsApplication.java')

/** The topics of the application. */
export const streamsTopics = [{ name: 'words', partitions: 4 }, { name: 'counted' }]
/** The group that its two members are in. */
export const streamsGroup = 'counting'

/** The process of an application of Kafka Streams, and Kafka's tool for its group. */
export class StreamsApplication {
  /** What it has printed, line by line. */
  readonly seen = new Arrivals<string>()
  readonly #java: readonly string[]
  readonly #bootstrapServers: string
  readonly #process: ChildProcess

  /** @param stack - Has it end with the suite, in case its test has failed before. */
  static async start(bootstrapServers: string, stack: AsyncDisposableStack): Promise<StreamsApplication> {
    const java = ['-Xmx192m', ...(await quickJava({ classes: await streamsClasspath() }))]
    return new StreamsApplication(java, bootstrapServers, stack)
  }

  private constructor(java: readonly string[], bootstrapServers: string, stack: AsyncDisposableStack) {
    this.#java = java
    this.#bootstrapServers = bootstrapServers
    const application = spawn('java', [...java, program, bootstrapServers], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process = stack.adopt(application, end)
    createInterface(application.stdout).on('line', this.seen.add)
  }

  /** Resolves when both of its members have tasks, and all that was written is counted. */
  async hasCounted(): Promise<void> {
    await this.seen.until((lines) => lines.some((line) => line.startsWith('counted=')))
  }

  /** Has one of its members leave, and the other one go on to the end. @returns the exit code */
  async finish(): Promise<number | null> {
    const exit = once(this.#process, 'exit')
    this.#process.stdin!.end('\n')
    const [exitCode] = (await exit) as [number | null]
    return exitCode
  }

  /** What `kafka-streams-groups.sh --describe` prints of groups. */
  async describe(groups: readonly string[], ...what: readonly string[]): Promise<string> {
    const command = ['--bootstrap-server', this.#bootstrapServers, '--describe', ...what]
    for (const group of groups) command.push('--group', group)
    const tool = 'org.apache.kafka.tools.streams.StreamsGroupCommand'
    const { stdout } = await run('java', [...this.#java, tool, ...command])
    return stdout
  }
}

function end(application: ChildProcess): void {
  application.kill('SIGKILL')
}
