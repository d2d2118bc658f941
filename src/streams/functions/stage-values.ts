import type { RecordColumns } from '../../kernel/index.ts'
import { textOfValue } from './record-view.ts'
import type { Stage } from '../topology/stage.ts'
import { integerThatLosesDigits, parseWithBigInts, stringifyWithBigInts } from './big-integers.ts'

/**
 * Records of a stage that are all looked at for integers that lose digits; after those one in 16 is, so that it costs
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

/** Values as the function of a stage, or those after a merge, take and make them. */
export class StageValues {
  readonly #isExact: boolean
  #count = 0
  /** Called once. */
  #onLostDigits: ((lost: LostDigits) => void) | undefined

  constructor({ bigIntegers }: Pick<Stage, 'bigIntegers'>, onLostDigits: (lost: LostDigits) => void) {
    this.#isExact = bigIntegers === 'bigint'
    this.#onLostDigits = this.#isExact ? undefined : onLostDigits
  }

  /** Throws what `JSON.parse` or the decoder throws. */
  parse(columns: RecordColumns, row: number): unknown {
    return this.parseText(textOfValue(columns, row), columns.partition, columns.offset[row]!)
  }

  /** The same of a text that is of the record at `offset` of a source partition, or has come of it. */
  parseText(text: string, partition: number, offset: number): unknown {
    if (this.#isExact) return parseWithBigInts(text)
    if (this.#onLostDigits !== undefined && this.#isLookedAt()) this.#look(text, partition, offset)
    return JSON.parse(text)
  }

  /** The part's JSON; `undefined` for what is none. Throws what `JSON.stringify` throws. */
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
