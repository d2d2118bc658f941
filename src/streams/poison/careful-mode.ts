import type { Attempt, MarkedPiece, Piece } from './attempt.ts'

export interface CarefulModeOptions {
  /** What the last process noted. */
  last: Attempt | undefined
  /** The last epoch that has committed. */
  epoch: number
  /** Starts at one epoch that are taken for chance. */
  attemptsMax: number
  /** Stores a note. */
  note: (attempt: Attempt) => Promise<void>
}

/** Rows that are taken in pieces before a process that lives goes on as usual. */
const carefulRows = 100_000
/** Rows of a piece while nobody has died on one. */
const pieceRows = 2_048
/** Into how many pieces one that was died on is cut: few deaths matter more than few notes. */
const cuts = 16
/** Deaths on a single row that are not taken for chance. */
const convictingDeaths = 2

/**
 * Finds the record that kills the process: one that no `catch` sees, because the process exits, crashes or is killed.
 *
 * Each start is noted with the epoch that it goes on from; an end in good order takes the note back. So a start that
 * finds too many starts noted at its epoch knows that processes died there. It goes on carefully: source rows are taken
 * in pieces, each noted before anything looks at it and committed before the next one begins. A start that finds the
 * note of a piece under way cuts that into smaller ones, until a single row is left. One that kills again alone is
 * convicted.
 */
export class CarefulMode {
  readonly #note: CarefulModeOptions['note']
  /** As it was noted last. */
  #attempt: Attempt
  /** Where processes died. */
  #suspect: MarkedPiece | undefined
  #rowsLeft: number

  private constructor({ last, epoch, attemptsMax, note }: CarefulModeOptions) {
    const isFirst = last?.epoch !== epoch
    const starts = isFirst ? 1 : last.starts + 1
    this.#note = note
    this.#suspect = isFirst ? undefined : afterDeath(last.piece)
    this.#attempt = { epoch, starts, piece: this.#suspect }
    this.#rowsLeft = starts > attemptsMax || this.#suspect !== undefined ? carefulRows : 0
  }

  /** Notes a start. */
  static async begin(options: CarefulModeOptions): Promise<CarefulMode> {
    const mode = new CarefulMode(options)
    await options.note(mode.#attempt)
    return mode
  }

  get isOn(): boolean {
    return this.#rowsLeft > 0
  }

  get starts(): number {
    return this.#attempt.starts
  }

  get suspect(): Piece | undefined {
    return this.#suspect
  }

  /** Rows of the next piece. */
  get rowsMax(): number {
    return this.#suspect === undefined ? pieceRows : Math.ceil(this.#suspect.rowCount / cuts)
  }

  /** Whether a piece is a row that has killed often enough. */
  isConvicted(piece: Piece): boolean {
    return piece.rowCount === 1 && this.#deathsOn(piece) >= convictingDeaths
  }

  /** Notes that a piece is begun, after this epoch. */
  async enter(piece: Piece, epoch: number): Promise<void> {
    const { starts } = this.#attempt
    this.#attempt = { epoch, starts, piece: { ...piece, deaths: this.#deathsOn(piece), isUnderWay: true } }
    await this.#note(this.#attempt)
  }

  /** A piece has committed. */
  leave(piece: Piece): void {
    this.#rowsLeft -= piece.rowCount
    const suspect = this.#suspect
    if (suspect?.partition === piece.partition && suspect.to <= piece.to) this.#suspect = undefined
  }

  /** The process ends in good order: it has not died on what it noted at the last epoch that has committed. */
  async end(epoch: number): Promise<void> {
    const { starts } = this.#attempt
    if (this.#attempt.epoch === epoch) await this.#note({ epoch, starts: starts - 1, piece: this.#suspect })
  }

  #deathsOn({ partition, from, to }: Piece): number {
    const suspect = this.#suspect
    return suspect?.partition === partition && suspect.from === from && suspect.to === to ? suspect.deaths : 0
  }
}

/** A piece as the process after it sees it; nothing to remember where nobody died. */
function afterDeath(piece: MarkedPiece | undefined): MarkedPiece | undefined {
  if (piece?.isUnderWay) return { ...piece, deaths: piece.deaths + 1, isUnderWay: false }
  return piece
}
