import { grouped } from '../core/grouped.ts'
/** Where it is written: standard error, whether that is a terminal, and how wide it is. */
interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const barWidth = 30

/**
 * How far something is: one line that is drawn over itself on a terminal; elsewhere a line of its own, where it says
 * something new. State: the line that was written last; on a terminal its cells, until `clear` or `finish`.
 */
export class ProgressLine {
  readonly #screen: Screen
  #last = ''
  #width = 0

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** @param total - What there was at the beginning; `done` may go beyond it. */
  show(label: string, done: number, total: number): void {
    if (this.isLive) this.draw(barOf(label, done, total))
    else this.#write(textOf(label, done, total))
  }

  /** Whether it is drawn over itself. */
  get isLive(): boolean {
    return this.#screen.isTTY === true
  }

  /** Draws a line of one's own, where it is live. */
  draw(text: string): void {
    // What does not fit would go on in the next line, where it is not drawn over. Some terminals say that they have 0.
    const line = text.slice(0, (this.#screen.columns || Infinity) - 1)
    if (!this.isLive || line === this.#last) return
    this.#last = line
    this.#screen.write(`\r${line.padEnd(this.#width)}`)
    this.#width = line.length
  }

  #write(line: string): void {
    if (line === this.#last) return
    this.#last = line
    this.#screen.write(`${line}\n`)
  }

  /** Makes room for something else; the next call of `show` draws the line again. */
  clear(): void {
    if (this.#width === 0) return
    this.#screen.write(`\r${' '.repeat(this.#width)}\r`)
    this.#forget()
  }

  /** Leaves the line where it is, and goes on below it. */
  finish(): void {
    if (this.#width === 0) return
    this.#screen.write('\n')
    this.#forget()
  }

  #forget(): void {
    this.#width = 0
    this.#last = ''
  }
}

function textOf(label: string, done: number, total: number): string {
  return done > total ? `${label} ${done}` : `${label} ${percentOf(done, total)}  ${done} of ${total}`
}

function barOf(label: string, done: number, total: number): string {
  const bar = '█'.repeat(Math.floor(shareOf(done, total) * barWidth)).padEnd(barWidth, '░')
  return `${label.padEnd(12)} ${bar} ${percentOf(done, total)}  ${grouped(done)}`
}

function percentOf(done: number, total: number): string {
  return `${Math.floor(shareOf(done, total) * 100)} %`.padStart(5)
}

function shareOf(done: number, total: number): number {
  return total === 0 ? 1 : Math.min(1, done / total)
}
