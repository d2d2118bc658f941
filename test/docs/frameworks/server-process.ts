import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeAtEnd } from '../../at-end.ts'
import { environment } from '../../package/packed-package.ts'
import { until } from '../../until.ts'

/** How a process has ended. */
export type End = readonly [code: number | null, signal: NodeJS.Signals | null]

/** A process with an HTTP server. */
export class ServerProcess implements AsyncDisposable {
  /** What it has printed. */
  printed = ''
  readonly #process: ChildProcess
  readonly #url: string
  readonly #ended: Promise<End>
  readonly #hasEnded: () => void

  /** Resolves once it answers. */
  static async start(folder: string, script: string, port: number, bootstrapServers: string): Promise<ServerProcess> {
    const server = new ServerProcess(folder, script, port, bootstrapServers)
    await until('the server answers', () =>
      Promise.race([
        server.ask('/').then(
          () => true,
          () => false,
        ),
        server.#early(),
      ]),
    )
    return server
  }

  private constructor(folder: string, script: string, port: number, bootstrapServers: string) {
    const env = { ...environment, MILLRACE_BOOTSTRAP_SERVERS: bootstrapServers }
    this.#process = spawn('node', [script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.printed += text))
    this.#url = `http://127.0.0.1:${port}`
    this.#ended = once(this.#process, 'exit') as unknown as Promise<End>
    this.#hasEnded = closeAtEnd(() => this[Symbol.asyncDispose]())
  }

  get ended(): Promise<End> {
    return this.#ended
  }

  async ask(path: string): Promise<string> {
    return (await fetch(`${this.#url}${path}`)).text()
  }

  async endBy(signal: NodeJS.Signals): Promise<End> {
    this.#process.kill(signal)
    return this.#ended
  }

  async #early(): Promise<never> {
    const end = await this.#ended
    throw new Error(`the server has ended with ${end.join(', ')}:\n${this.printed}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded()
    await this.endBy('SIGKILL')
  }
}
