import { EngineError } from '../core/errors.ts'
import type { Logger } from '../streams/index.ts'

/** Where a command writes: results to standard output, everything else to standard error. */
export class Output {
  readonly #isJson: boolean
  #progressWidth = 0
  #lastError: unknown

  constructor(isJson: boolean) {
    this.#isJson = isJson
  }

  /** The result: `text` for people, or `report` as one line for programs. */
  result(report: object, text: string): void {
    process.stdout.write(`${this.#isJson ? JSON.stringify(report) : text}\n`)
  }

  note(text: string): void {
    this.#clearProgress()
    process.stderr.write(`${text}\n`)
  }

  /** A failure as the command line shows it: the code, the sentence, no stack; once, though it is met again. */
  error(error: unknown): void {
    if (error === this.#lastError) return
    this.#lastError = error
    this.#clearProgress()
    const text = EngineError.is(error)
      ? `error ${error.code}: ${error.message}`
      : `error ${error instanceof Error ? error.stack : String(error)}`
    process.stderr.write(`${text}\n`)
  }

  /** For the program that a command runs: sentences for people, without the lines that help to find faults. */
  readonly logger: Logger = {
    debug: () => {},
    info: (_facts, sentence) => this.note(sentence),
    warn: ({ err }, sentence) => this.note(`warning: ${sentence}${err === undefined ? '' : `: ${messageOf(err)}`}`),
    error: ({ err }, sentence) => this.error(err ?? sentence),
  }

  /** How far something is: a bar that is drawn over itself on a terminal, else a plain line. */
  progress(label: string, done: number, total: number): void {
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const percent = `${Math.floor(share * 100)} %`.padStart(5)
    if (!process.stderr.isTTY) return void process.stderr.write(`${label} ${percent}  ${done} of ${total}\n`)
    const bar = '█'.repeat(Math.floor(share * barWidth)).padEnd(barWidth, '░')
    const line = `${label.padEnd(12)} ${bar} ${percent}  ${done.toLocaleString('en')}`
    process.stderr.write(`\r${line.padEnd(this.#progressWidth)}`)
    this.#progressWidth = line.length
    if (share === 1) this.#endProgress()
  }

  #clearProgress(): void {
    if (this.#progressWidth > 0) process.stderr.write(`\r${' '.repeat(this.#progressWidth)}\r`)
    this.#progressWidth = 0
  }

  #endProgress(): void {
    process.stderr.write('\n')
    this.#progressWidth = 0
  }
}

const barWidth = 30

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
