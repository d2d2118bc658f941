/**
 * Parses JSON by what earlier texts looked like: most records of a topic have the shape of one before, so only their
 * values are new.
 *
 * The scanner knows shapes (`../assembly/shapes.ts`): it checks a text against them and says where the values stand.
 * From one text of a shape a template is made (`ValueTemplate`); those that follow are copies of it with values of their
 * own. All other texts are left to `JSON.parse`: those whose shape is not known, or that are not ASCII, and long ones,
 * where there is less to win, and strings, which are slices of their text, would hold on to more.
 * State: shapes and templates. Cost per text: a copy into WebAssembly, and a slice or a number per value; where no shape
 * fits, one scan in vain.
 */
import { strictUtf8 } from '../../core/strict-utf8.ts'
import { ValueKind } from './value-kind.ts'
import { Byte } from './byte.ts'
import { numberIn } from './number-in.ts'
import { Scanner } from './scanner.ts'
import { ValueTemplate } from './value-template.ts'

/** Longest text, in bytes, that is looked at for its shape. */
const textBytesMax = 4_096
/** Most values of a text that the scanner keeps. */
const valuesMax = 255
/** Shapes that did not stay make room. */
const templatesMax = 256

/** What is known of a shape. */
interface Shape {
  readonly template: ValueTemplate
  /** Of the glue in front of each value. */
  readonly glueLengths: readonly number[]
}

export class ShapedJson {
  readonly #machine = new Scanner([]).machine
  readonly #glueStarts: Int32Array
  readonly #kinds: Int32Array
  readonly #shapes = new Map<number, Shape>()

  constructor() {
    // The memory grows no more, because all that is looked at fits.
    this.#machine.stage(new Uint8Array(textBytesMax), 0, textBytesMax)
    this.#glueStarts = this.#machine.int32('glueStarts', valuesMax + 1)
    this.#kinds = this.#machine.int32('kindsOfValues', valuesMax)
  }

  /** What `JSON.parse` makes of the text in bytes. Throws what it throws, and where the bytes are no UTF-8. */
  parse(bytes: Uint8Array, start: number, end: number): unknown {
    const length = end - start
    if (length <= textBytesMax) {
      const staged = this.#machine.stage(bytes, start, end)
      const number = this.#machine.run.recognise(staged, staged + length)
      if (number > 0) {
        const text = this.#machine.text(staged, staged + length)
        const shape =
          text.length === length ? (this.#shapes.get(number) ?? this.#learn(number, text, staged)) : undefined
        return shape === undefined ? JSON.parse(text) : this.#valueOf(shape, text, staged)
      }
    }
    return JSON.parse(strictUtf8.decode(bytes.subarray(start, end)))
  }

  #valueOf({ template, glueLengths }: Shape, text: string, staged: number): unknown {
    const { owners, keys } = template
    const glueStarts = this.#glueStarts
    const kinds = this.#kinds
    const made = template.begin()
    for (let index = 0; index < owners.length; index++) {
      const owner = owners[index]!
      if (owner < 0) continue
      const start = glueStarts[index]! - staged + glueLengths[index]!
      const end = glueStarts[index + 1]! - staged
      const kind = kinds[index]!
      made[owner]![keys[index]!] =
        kind === ValueKind.PLAIN_STRING ? text.slice(start, end) : otherValue(kind, text, start, end)
    }
    return made[0]
  }

  /** Learns a shape from a text; not where an escape may hide where a string begins. */
  #learn(number: number, text: string, staged: number): Shape | undefined {
    const count = this.#machine.run.valueCount()
    if (this.#kinds.subarray(0, count).includes(ValueKind.ESCAPED_STRING)) return undefined
    const glueLengths: number[] = []
    let probe = ''
    for (let index = 0; index < count; index++) {
      const glueStart = this.#glueStarts[index]! - staged
      const end = this.#glueStarts[index + 1]! - staged
      const start =
        this.#kinds[index] === ValueKind.PLAIN_STRING ? text.lastIndexOf('"', end - 1) + 1 : bareStart(text, end)
      glueLengths.push(start - glueStart)
      probe += text.slice(glueStart, start) + index
    }
    probe += text.slice(this.#glueStarts[count]! - staged)
    if (this.#shapes.size === templatesMax) this.#shapes.clear()
    const shape = { template: new ValueTemplate(JSON.parse(probe) as object, count), glueLengths }
    this.#shapes.set(number, shape)
    return shape
  }
}

/** Where a number or a literal begins that ends before `end`. */
function bareStart(text: string, end: number): number {
  let at = end
  while (isBare(text.charCodeAt(at - 1))) at--
  return at
}

function isBare(byte: number): boolean {
  if (byte >= Byte.LOWER_A && byte <= Byte.LOWER_Z) return true
  if (byte >= Byte.ZERO && byte <= Byte.NINE) return true
  return byte === Byte.MINUS || byte === Byte.PLUS || byte === Byte.POINT || byte === Byte.UPPER_E
}

function otherValue(kind: number, text: string, start: number, end: number): unknown {
  switch (kind) {
    case ValueKind.PLAIN_INTEGER:
    case ValueKind.NUMBER:
      return numberIn(text, start, end)
    case ValueKind.ESCAPED_STRING:
      return JSON.parse(text.slice(start - 1, end + 1))
    case ValueKind.TRUE:
      return true
    case ValueKind.FALSE:
      return false
    default:
      return null
  }
}
