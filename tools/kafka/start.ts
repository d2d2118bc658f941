/**
 * Brings a real Apache Kafka up without Docker: one node, KRaft, jars from Maven Central. Tests call `startKafka`;
 * `node tools/kafka/start.ts [--port 9092] [--data-dir DIR] [--heap-mb N]` runs one until SIGINT.
 * `MILLRACE_KAFKA_VERSION` chooses another release than the default.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { defaultVersion, kafkaClasspath } from './jars.ts'

const startMsMax = 60_000
const stopMsMax = 20_000

const run = promisify(execFile)

export interface KafkaOptions {
  /** @defaultValue `MILLRACE_KAFKA_VERSION`, else 4.3.1 */
  version?: string
  /** Options of Java, the class path among them. @defaultValue the class path of the release */
  java?: readonly string[]
  /** 0 picks a free one. @defaultValue 0 */
  port?: number
  /** Kept after the broker ends when given. @defaultValue a new temporary folder, removed on disposal */
  dataDir?: string
  /** Greatest Java heap, in MiB. @defaultValue 1024 */
  heapMb?: number
  /** Listeners beside the plain one, by name, such as `SASL_SSL`: each on a free port. */
  listeners?: readonly string[]
  /** Properties of the server beside or instead of those that it is given anyway. */
  properties?: Readonly<Record<string, string>>
  /** What else to tell `kafka-storage format`, such as `--add-scram`. */
  formatArguments?: readonly string[]
}

export interface Kafka extends AsyncDisposable {
  readonly bootstrapServers: string
  /** What `bootstrapServers` is for the other listeners, by name. */
  readonly listeners: Readonly<Record<string, string>>
  /** The process id of the running broker; another one after each restart. */
  readonly pid: number
  /** Ends the broker with SIGKILL, as a crash would. */
  kill(): Promise<void>
  /** Ends the broker in good order. */
  stop(): Promise<void>
  /** Starts the broker again, on the same port with the same data; stops it first where it runs. */
  restart(): Promise<void>
}

/** Starts a broker and resolves once it answers for itself in Metadata. The first start downloads the jars. */
export async function startKafka({
  version = defaultVersion,
  java: javaOptions,
  port = 0,
  dataDir,
  heapMb = 1024,
  listeners: listenerNames = [],
  properties: moreProperties = {},
  formatArguments = [],
}: KafkaOptions = {}): Promise<Kafka> {
  const java = [`-Xmx${heapMb}m`, ...(javaOptions ?? ['-cp', await kafkaClasspath(version)])]
  const home = dataDir ?? (await mkdtemp(join(tmpdir(), 'millrace-kafka-')))
  const clientPort = port || (await freePort())
  const listeners: Record<string, string> = {}
  for (const name of listenerNames) listeners[name] = `127.0.0.1:${await freePort()}`
  const properties = join(home, 'server.properties')
  if (!existsSync(properties)) {
    await mkdir(home, { recursive: true })
    const standard = serverProperties(clientPort, await freePort(), join(home, 'log'))
    const open = [standard.listeners, ...Object.entries(listeners).map(([name, address]) => `${name}://${address}`)]
    const text = propertiesText({ ...standard, listeners: open.join(','), ...moreProperties })
    await writeFile(properties, text)
    const format = ['format', '-t', 'millrace-test-kafka-AA', '-c', properties, ...formatArguments]
    await run('java', [...java, 'kafka.tools.StorageTool', ...format])
  }

  let broker = await startProcess(java, home, clientPort)
  const end = async (signal: NodeJS.Signals) => {
    if (hasEnded(broker)) return
    const ended = once(broker, 'exit')
    broker.kill(signal)
    const impatience = systemClock.setTimer({ afterMs: stopMsMax }, () => broker.kill('SIGKILL'))
    await ended
    impatience.cancel()
  }
  return {
    bootstrapServers: `127.0.0.1:${clientPort}`,
    listeners,
    get pid() {
      return broker.pid!
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async restart() {
      await end('SIGTERM')
      broker = await startProcess(java, home, clientPort)
    },
    async [Symbol.asyncDispose]() {
      await end(dataDir === undefined ? 'SIGKILL' : 'SIGTERM')
      if (dataDir === undefined) await rm(home, { recursive: true, force: true })
    },
  }
}

function serverProperties(port: number, controllerPort: number, logDir: string) {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': logDir,
    // The controller takes a crashed broker back only once its session is over; nine seconds by default.
    'broker.session.timeout.ms': 1_500,
    'broker.heartbeat.interval.ms': 250,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 5,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 5,
    'group.initial.rebalance.delay.ms': 0,
    // Quotas are of the last two seconds; of eleven by default.
    'quota.window.num': 2,
    // How often transactions are looked at for their timeout; ten seconds by default.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 200,
  }
}

function propertiesText(properties: Record<string, string | number | boolean>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function startProcess(java: string[], home: string, port: number): Promise<ChildProcess> {
  const logPath = join(home, 'server.log')
  const log = await open(logPath, 'a')
  const broker = spawn('java', [...java, 'kafka.Kafka', join(home, 'server.properties')], {
    stdio: ['ignore', log.fd, log.fd],
  })
  await log.close()
  // A test that ends early must not leave a broker behind.
  const killAtExit = () => broker.kill('SIGKILL')
  process.once('exit', killAtExit)
  broker.once('exit', () => process.off('exit', killAtExit))

  const deadline = systemClock.monotonicMs() + startMsMax
  while (!(await isServing(port))) {
    if (hasEnded(broker) || systemClock.monotonicMs() > deadline) {
      broker.kill('SIGKILL')
      throw new Error(`Apache Kafka did not start:\n${await readFile(logPath, 'utf8')}`)
    }
    await sleep(systemClock, 50)
  }
  return broker
}

function hasEnded(process: ChildProcess): boolean {
  return process.exitCode !== null || process.signalCode !== null
}

/** Asks for Metadata v1 of no topics: a broker that lists itself has joined its cluster and serves. */
async function isServing(port: number): Promise<boolean> {
  const request = Buffer.from('0000000e' + '0003' + '0001' + '00000001' + 'ffff' + '00000000', 'hex')
  using socket = Object.assign(connect(port, '127.0.0.1'), {
    [Symbol.dispose]() {
      socket.destroy()
    },
  })
  try {
    await once(socket, 'connect')
    socket.write(request)
    const [response] = (await once(socket, 'data', { signal: AbortSignal.timeout(2_000) })) as [Buffer]
    return response.readInt32BE(8) > 0
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

if (import.meta.main) {
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const { values } = parseArgs({
    options: { port: { type: 'string' }, 'data-dir': { type: 'string' }, 'heap-mb': { type: 'string' } },
  })
  await using kafka = await startKafka({
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values['data-dir'] === undefined ? {} : { dataDir: values['data-dir'] }),
    ...(values['heap-mb'] === undefined ? {} : { heapMb: Number(values['heap-mb']) }),
  })
  process.stdout.write(`Apache Kafka ${defaultVersion} serves at ${kafka.bootstrapServers} (process ${kafka.pid})\n`)
  await stopped
}
