import { type RecordColumns, ShapedJson } from '../../kernel/index.ts'
import { textIn } from './record-view.ts'
import type { Stage } from '../topology/stage.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import { integerThatLosesDigits, parseWithBigInts, stringifyWithBigInts } from './big-integers.ts'

/**
 * Records that are all looked at for integers that lose digits; after those one in 16 is, so that it costs
 * little.
 */
const allLookedAt = 4_096
const lookEvery = 16

/** An integer that a function was not given as it is written. */
export interface LostDigits {
  /** Number of the source partition. */
  readonly partition: number
  readonly offset: number
  readonly written: string
}

/** Values as a user's function takes and makes them. */
export class FunctionValues {
  readonly #isExact: boolean
  readonly #json = new ShapedJson()
  #count = 0
  /** Called once. */
  #onLostDigits: ((lost: LostDigits) => void) | undefined

  constructor({ bigIntegers }: Pick<Stage, 'bigIntegers'>, onLostDigits: (lost: LostDigits) => void) {
    this.#isExact = bigIntegers === 'bigint'
    this.#onLostDigits = this.#isExact ? undefined : onLostDigits
  }

  /** Throws what `JSON.parse` or the decoder throws. */
  parse(columns: RecordColumns, row: number): unknown {
    const { bytes, valueStart, valueEnd, partition, offset } = columns
    return this.parseBytes(bytes, valueStart[row]!, valueEnd[row]!, partition, offset[row]!)
  }

  /** The same of bytes that are of the record at `offset` of a source partition, or have come of it. */
  parseBytes(bytes: Uint8Array, start: number, end: number, partition: number, offset: number): unknown {
    if (this.#isExact) return parseWithBigInts(textIn(bytes, start, end))
    if (this.#onLostDigits !== undefined && this.#isLookedAt()) {
      this.#look(textIn(bytes, start, end), partition, offset)
    }
    return this.#json.parse(bytes, start, end)
  }

  /** The value of a row, null for that of a tombstone; undefined for what is no JSON. */
  parseOrUndefined(columns: RecordColumns, row: number): unknown {
    if (columns.valueStart[row]! < 0) return null
    try {
      return this.parse(columns, row)
    } catch {
      return undefined
    }
  }

  /** What was made as JSON; `undefined` for what is none. Throws what `JSON.stringify` throws. */
  stringify(made: unknown): string | undefined {
    return this.#isExact ? stringifyWithBigInts(made) : JSON.stringify(made)
  }

  #isLookedAt(): boolean {
    return this.#count++ < allLookedAt || this.#count % lookEvery === 0
  }

  #look(text: string, partition: number, offset: number): void {
    const written = integerThatLosesDigits(text)
    if (written === undefined) return
    this.#onLostDigits?.({ partition, offset, written })
    this.#onLostDigits = undefined
  }
}

/** The values of an operator's function, with a warning where they lose digits. */
export function functionValues(
  services: Pick<Services, 'plan' | 'logger'>,
  session: Pick<RestoringSession, 'sources'>,
  operator: string,
  bigIntegers: Stage['bigIntegers'],
): FunctionValues {
  return new FunctionValues({ bigIntegers }, lostDigitsNotice(services, session, operator))
}

/** Warns once that an operator's function is given an integer that loses digits. */
export function lostDigitsNotice(
  { plan, logger }: Pick<Services, 'plan' | 'logger'>,
  { sources: { partitions } }: Pick<RestoringSession, 'sources'>,
  operator: string,
): (lost: LostDigits) => void {
  let isTold = false
  return (lost) => {
    if (isTold) return
    isTold = true
    logger.warn(
      { app: plan.name, operator, ...lost, ...partitions.placeOf(lost.partition) },
      `"${operator}" is given ${lost.written} as a number, which loses digits; with bigIntegers: 'bigint' it is a BigInt`,
    )
  }
}
