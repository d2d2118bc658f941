import { CodedError } from '../core/coded-error.ts'
import type { Logger } from '../streams/index.ts'
import { logLine } from './log-line.ts'
import { ProgressLine } from './progress-line.ts'
import { harmless } from './quoted.ts'
import { styled } from './styles.ts'

/** Where a command writes: results to standard output, everything else to standard error. */
export class Output {
  readonly #isJson: boolean
  readonly #progress = new ProgressLine(process.stderr)
  #lastError: unknown
  #isListening = false
  #isRead = true
  readonly logger: Logger = this.loggerOf()

  constructor(isJson: boolean) {
    this.#isJson = isJson
  }

  /** The result: `text` for people, or `report` as one line for programs. */
  result(report: object, text: string): void {
    this.#progress.finish()
    process.stdout.write(`${this.#isJson ? JSON.stringify(report) : text}\n`)
  }

  /**
   * One line of many to standard output.
   *
   * @returns Whether anybody reads it: a pipe into `head` is closed early.
   */
  async line(text: string): Promise<boolean> {
    if (!this.#isListening) process.stdout.on('error', () => (this.#isRead = false))
    this.#isListening = true
    if (this.#isRead && !process.stdout.write(`${text}\n`)) await drainedOrClosed()
    return this.#isRead
  }

  note(text: string): void {
    this.#progress.clear()
    process.stderr.write(`${text}\n`)
  }

  /** A failure as the command line shows it: the code, the sentence, no stack; once, though it is met again. */
  error(error: unknown): void {
    if (error === this.#lastError) return
    this.#lastError = error
    this.#progress.clear()
    const text = CodedError.is(error)
      ? `${error.code}: ${harmless(error.message)}`
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error)
    process.stderr.write(`${styled('red', 'error', process.stderr)} ${text}\n`)
  }

  /**
   * Sentences for people, without the lines that help to find faults.
   *
   * @param program - That a command runs.
   */
  loggerOf(program?: string): Logger {
    const warning = styled('yellow', 'warning', process.stderr)
    return {
      debug: () => {},
      info: (facts, sentence) => this.note(logLine(facts, sentence, program)),
      warn: (facts, sentence) => this.note(`${warning}: ${logLine(facts, sentence, program)}`),
      error: ({ err }, sentence) => this.error(err ?? sentence),
    }
  }

  /** How far something is. */
  progress(label: string, done: number, total: number): void {
    this.#progress.show(label, done, total)
  }

  /** Whether there is a terminal, on which a line can be drawn over itself. */
  get isLive(): boolean {
    return this.#progress.isLive
  }

  /** Draws a line over the one before, where it is live. */
  live(text: string): void {
    this.#progress.draw(text)
  }

  /** What was shown is done. */
  endProgress(): void {
    this.#progress.finish()
  }
}

/** Leaves no listener behind: a topic has more lines than a stream may have listeners. */
function drainedOrClosed(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const goOn = () => {
    process.stdout.off('drain', goOn).off('error', goOn)
    resolve()
  }
  process.stdout.on('drain', goOn).on('error', goOn)
  return promise
}
