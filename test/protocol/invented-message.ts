import { MalformedMessage, Reader, type Type, Writer } from '../../src/protocol/index.ts'
import { nextFloat, nextInt, type Random } from '../../src/core/random.ts'

/** A message of one API and version. */
export interface MessageKind {
  readonly schema: Type<unknown, never>
  readonly version: number
  readonly isFlexible: boolean
}

/** Tags of fields that messages of Kafka have. */
const tagsMax = 8
const elementsMax = 3

const integers8 = [0, 1, 2, -1, 127, -128]
const integers16 = [0, 1, 57, -1, 32_767, -32_768]
const integers32 = [0, 1, 90_000, -1, 2_147_483_647, -2_147_483_648]
const integers64 = [0, 1, 1_790_000_000_000, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
const strings = ['', 'orders', 'ünï-cödé 流', 'x'.repeat(200)]

/** Invents the fields of a message: a schema reads them from a reader that has no bytes. */
export function inventMessage(random: Random, kind: MessageKind): unknown {
  for (;;) {
    // Some fields may not be null: a null there is taken back by inventing all anew, with fewer of them.
    const nullShare = nextFloat(random) < 0.5 ? 0 : 0.1
    try {
      return kind.schema.read(readerOf(kind, new InventingReader(random, nullShare)))
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
    }
  }
}

export function encodeMessage({ schema, version, isFlexible }: MessageKind, message: unknown): Buffer {
  const writer = new Writer(version, isFlexible)
  schema.write(writer, asInput(message) as never)
  return Buffer.concat(writer.finish())
}

/** @throws MalformedMessage when the bytes are not those of such a message, no more and no fewer. */
export function decodeMessage(kind: MessageKind, bytes: Buffer): unknown {
  const reader = readerOf(kind, new Reader(bytes))
  const message = kind.schema.read(reader)
  if (reader.remaining > 0) throw new MalformedMessage(`${reader.remaining} bytes are left over`)
  return message
}

function readerOf<R extends Reader>({ version, isFlexible }: MessageKind, reader: R): R {
  reader.version = version
  reader.flexible = isFlexible
  return reader
}

/** Record batches are read as one piece and written as several. */
function asInput(value: unknown, name = ''): unknown {
  if (Buffer.isBuffer(value)) return name === 'records' ? [value] : value
  if (Array.isArray(value)) return value.map((element) => asInput(element))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, asInput(field, key)]))
}

class InventingReader extends Reader {
  readonly #random: Random
  readonly #nullShare: number

  constructor(random: Random, nullShare: number) {
    super(Buffer.alloc(0))
    this.#random = random
    this.#nullShare = nullShare
  }

  override int8(): number {
    return this.#pick(integers8)
  }

  override int16(): number {
    return this.#pick(integers16)
  }

  override int32(): number {
    return this.#pick(integers32)
  }

  override int64(): number {
    return this.#pick(integers64)
  }

  override float64(): number {
    return this.#pick(integers64)
  }

  override uuid(): string {
    return Buffer.from(Array.from({ length: 16 }, () => nextInt(this.#random, 256))).toString('base64url')
  }

  override string(): string | null {
    return this.#isNull() ? null : this.#pick(strings)
  }

  override bytes(): Buffer | null {
    return this.#isNull() ? null : Buffer.alloc(nextInt(this.#random, 20), nextInt(this.#random, 256))
  }

  override count(): number {
    return this.#isNull() ? -1 : nextInt(this.#random, elementsMax)
  }

  override tags(fieldOf: (tag: number) => (() => void) | undefined): void {
    for (let tag = 0; tag < tagsMax; tag++) if (nextFloat(this.#random) < 0.5) fieldOf(tag)?.()
  }

  #isNull(): boolean {
    return nextFloat(this.#random) < this.#nullShare
  }

  #pick<T>(values: readonly T[]): T {
    return values[nextInt(this.#random, values.length)]!
  }
}
