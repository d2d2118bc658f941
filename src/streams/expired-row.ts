import {
  encodeJsonString,
  noHeaders,
  type OutputBuilder,
  partitionForKey,
  type WaitingRow,
  writePlainRecord,
} from '../kernel/index.ts'
import type { DeadLetterEncoder } from './dead-letter.ts'
import type { Plan } from './plan.ts'

/**
 * Writes what has come of a merged record: `{"<key name>":<key>,"<side>":<part>,…}` with the sides that are there, in
 * declared order, the key in the spelling of the first of them. It goes to the sink of expired rows, keyed and partitioned
 * as a merged record would be; without one, to the dead letters. Its timestamp is the greatest of its parts'.
 */
export class ExpiredRowEncoder {
  readonly #keyName: Uint8Array
  readonly #sideNames: readonly Uint8Array[]
  readonly #out: OutputBuilder | undefined
  readonly #deadLetters: DeadLetterEncoder

  constructor(
    { correlate, sides }: Pick<Plan, 'correlate' | 'sides'>,
    out: OutputBuilder | undefined,
    deadLetters: DeadLetterEncoder,
  ) {
    this.#keyName = encodeJsonString(correlate.keyName)
    this.#sideNames = sides.map(({ name }) => encodeJsonString(name))
    this.#out = out
    this.#deadLetters = deadLetters
  }

  encode(row: WaitingRow): void {
    const { key, spelling, parts } = row
    const pieces = [openBrace, this.#keyName, colon, spelling]
    for (const { side, bytes } of parts) pieces.push(comma, this.#sideNames[side]!, colon, bytes)
    const value = Buffer.concat([...pieces, closeBrace])
    if (this.#out === undefined) return this.#deadLetters.encodeExpired(row, value)
    const timestamp = Math.max(...parts.map((part) => part.timestamp))
    const partition = partitionForKey(key, this.#out.partitionCount)
    writePlainRecord(this.#out, partition, timestamp, { key, value, ...noHeaders })
  }
}

const openBrace = Buffer.from('{')
const closeBrace = Buffer.from('}')
const colon = Buffer.from(':')
const comma = Buffer.from(',')
