import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeAtEnd } from '../at-end.ts'
import { environment } from '../package/packed-package.ts'

/** A shell that is typed into: what a command changes of it, its folder or variables, holds for the next one. */
export class Terminal implements AsyncDisposable {
  readonly #shell: ChildProcess
  readonly #hasEnded: () => void
  #heard = ''
  #hearing = Promise.withResolvers<void>()
  #commands = 0

  constructor(folder: string) {
    // In a group of its own, so that what it leaves running ends with it.
    this.#shell = spawn('bash', {
      cwd: folder,
      env: { ...environment, NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
    this.#shell.stdin!.write('exec 2>&1\n')
    this.#shell.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#heard += text
      this.#hearing.resolve()
      this.#hearing = Promise.withResolvers()
    })
    this.#shell.once('exit', () => this.#hearing.reject(new Error(`the shell has ended:\n${this.#heard}`)))
    this.#hasEnded = closeAtEnd(() => this[Symbol.asyncDispose]())
  }

  /** Runs a command to its end. */
  async run(words: string): Promise<{ readonly code: number; readonly printed: string }> {
    const mark = `end of command ${++this.#commands}`
    const ended = new RegExp(`^(.*)${mark}: (\\d+)\n$`, 's')
    const hears = this.#hears((printed) => ended.exec(printed))
    this.#shell.stdin!.write(`{ ${words}\n} </dev/null; echo "${mark}: $?"\n`)
    const [, printed, code] = await hears
    return { code: Number(code), printed: printed! }
  }

  /** Starts a command that runs on, and resolves once it has printed what is expected. */
  async start(words: string, isExpected: (printed: string) => boolean): Promise<void> {
    const hears = this.#hears((printed) => isExpected(printed) || null)
    this.#shell.stdin!.write(`${words} </dev/null\n`)
    await hears
  }

  /** What is found in all that is printed from now on, as soon as it is there. */
  async #hears<Found extends object | true>(find: (printed: string) => Found | null): Promise<Found> {
    const from = this.#heard.length
    for (;;) {
      const found = find(this.#heard.slice(from))
      if (found !== null) return found
      await this.#hearing.promise
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded()
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return
    this.#hearing.promise.catch(() => {})
    const ended = once(this.#shell, 'exit')
    process.kill(-this.#shell.pid!, 'SIGKILL')
    await ended
  }
}
