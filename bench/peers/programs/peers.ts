import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const cache = join(import.meta.dirname, '../../../.cache')

/** Another library, with the programs that are written for it. */
export interface Peer {
  readonly name: string
  /** Files that its programs share. */
  readonly shared: readonly string[]
  fileOf(program: string): string
  /** Builds or installs what it needs. */
  prepare(): Promise<void>
  /** Starts a program with a state of its own. */
  run(program: string, bootstrapServers: string): Promise<RunningPeer>
}

/** A program as a process that can be killed and started again with the state that it has left. */
export class RunningPeer implements AsyncDisposable {
  readonly #spawn: () => ChildProcess
  readonly #stateDir: string
  #process: ChildProcess
  #said = ''

  constructor(stateDir: string, spawnIt: () => ChildProcess) {
    this.#stateDir = stateDir
    this.#spawn = spawnIt
    this.#process = this.#started()
  }

  /** What it has printed. */
  get said(): string {
    return this.#said
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    if (this.hasEnded || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }

  start(): void {
    this.#process = this.#started()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#stateDir, { recursive: true })
  }

  #started(): ChildProcess {
    const started = this.#spawn()
    const hear = (text: Buffer) => void (this.#said += text.toString())
    started.stdout!.on('data', hear)
    started.stderr!.on('data', hear)
    return started
  }
}

const javaDir = join(import.meta.dirname, 'kafka-streams')
const javaFile = (name: string) => join(javaDir, 'src/main/java', `${name}.java`)
const classes = join(cache, 'kafka-streams-programs')
const classpath = `${join(classes, 'classes')}:${join(classes, 'dependency/*')}`

const kafkaStreams: Peer = {
  name: 'Kafka Streams',
  shared: ['Programs', 'Json', 'Gather', 'WithOptional'].map(javaFile),
  fileOf: (program) => javaFile(program.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())),
  async prepare() {
    const goals = ['compile', 'dependency:copy-dependencies', '-DincludeScope=runtime']
    await run('mvn', ['-q', '-B', '-f', join(javaDir, 'pom.xml'), ...goals])
  },
  async run(program, bootstrapServers) {
    const stateDir = await mkdtemp(join(tmpdir(), 'millrace-peer-'))
    // A name of its own, so that it does not go on where another run of it has ended.
    const app = `${program}-${randomUUID()}`
    const words = ['-Xmx512m', '-cp', classpath, 'Programs', program, app, bootstrapServers, stateDir]
    return new RunningPeer(stateDir, () => spawn('java', words))
  },
}

const pythonDir = join(import.meta.dirname, 'bytewax')
const python = join(cache, 'bytewax/bin/python')

const bytewax: Peer = {
  name: 'Bytewax',
  shared: ['topics', 'gather'].map((name) => join(pythonDir, `${name}.py`)),
  fileOf: (program) => join(pythonDir, `${program.replaceAll('-', '_')}.py`),
  async prepare() {
    if (existsSync(python)) return
    await run('python3.11', ['-m', 'venv', join(cache, 'bytewax')])
    await run(python, ['-m', 'pip', 'install', '-q', '-r', join(pythonDir, 'requirements.txt')])
  },
  async run(program, bootstrapServers) {
    const stateDir = await mkdtemp(join(tmpdir(), 'millrace-peer-'))
    await run(python, ['-m', 'bytewax.recovery', stateDir, '1'])
    const words = ['-m', 'bytewax.run', `${program.replaceAll('-', '_')}:flow`, '-r', stateDir, '-s', '1', '-b', '0']
    const environment = { ...process.env, BROKERS: bootstrapServers, PYTHONDONTWRITEBYTECODE: '1' }
    return new RunningPeer(stateDir, () => spawn(python, words, { cwd: pythonDir, env: environment }))
  },
}

export const peers: readonly Peer[] = [kafkaStreams, bytewax]
