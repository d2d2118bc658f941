/** The number of a message that is no question. */
export const noAsk = -1

/** Messages of which so many have the same fields are sent as columns: fewer are not worth it. */
const runMin = 4

type Primitive = string | number | boolean | null | undefined

/** A field of all messages of a run: one value for all, numbers, or the values as they are. */
type Column =
  | { readonly same: Primitive }
  | { readonly numbers: Float64Array }
  | { readonly each: readonly Primitive[] }

/**
 * Messages to one receiver that are no questions, follow each other, and have the same fields with plain values: their
 * columns cross at a fraction of what so many objects cost.
 */
export interface AlikeMessages {
  readonly type: 'alike'
  readonly to: string | number
  readonly count: number
  readonly fields: readonly string[]
  readonly columns: readonly Column[]
}

/** Messages, four entries each: receiver, question, value, what was replaced in it. */
export interface Messages {
  readonly type: 'messages'
  readonly flat: unknown[]
}

/** Makes columns of the messages that allow it, and leaves the others, all in their order. */
export function pack(flat: readonly unknown[]): (Messages | AlikeMessages)[] {
  const packed: (Messages | AlikeMessages)[] = []
  let others: unknown[] = []
  for (let index = 0; index < flat.length;) {
    const fields = fieldsOf(flat, index)
    let end = index + 4
    if (fields !== undefined) while (end < flat.length && isAlike(flat, end, flat[index], fields)) end += 4
    const count = (end - index) / 4
    if (fields === undefined || count < runMin) others.push(...flat.slice(index, end))
    else {
      if (others.length > 0) packed.push({ type: 'messages', flat: others })
      others = []
      const columns = fields.map((field) => columnOf(flat, index, count, field))
      packed.push({ type: 'alike', to: flat[index] as string | number, count, fields, columns })
    }
    index = end
  }
  if (others.length > 0) packed.push({ type: 'messages', flat: others })
  return packed
}

/** Makes the messages again. */
export function unpack({ to, count, fields, columns }: AlikeMessages): unknown[] {
  const flat: unknown[] = []
  for (let row = 0; row < count; row++) {
    const message: Record<string, Primitive> = {}
    for (let place = 0; place < fields.length; place++) {
      const column = columns[place]!
      message[fields[place]!] =
        'same' in column ? column.same : 'numbers' in column ? column.numbers[row]! : column.each[row]
    }
    flat.push(to, noAsk, message, undefined)
  }
  return flat
}

/** The fields of a message, if columns can be made of it. */
function fieldsOf(flat: readonly unknown[], index: number): string[] | undefined {
  if (flat[index + 1] !== noAsk || flat[index + 3] !== undefined) return undefined
  const message = flat[index + 2]
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined
  const fields = Object.keys(message)
  // A field of this name would be taken for the prototype.
  if (fields.includes('__proto__')) return undefined
  return isAlike(flat, index, flat[index], fields) ? fields : undefined
}

function isAlike(flat: readonly unknown[], index: number, to: unknown, fields: readonly string[]): boolean {
  if (flat[index] !== to || flat[index + 1] !== noAsk || flat[index + 3] !== undefined) return false
  const message = flat[index + 2]
  if (typeof message !== 'object' || message === null) return false
  let place = 0
  for (const field in message) {
    if (field !== fields[place++]) return false
    const value = (message as Record<string, unknown>)[field]
    if (typeof value === 'object' ? value !== null : typeof value === 'bigint') return false
  }
  return place === fields.length
}

function columnOf(flat: readonly unknown[], index: number, count: number, field: string): Column {
  const valueAt = (row: number) => (flat[index + 4 * row + 2] as Record<string, Primitive>)[field]
  const first = valueAt(0)
  let [isSame, isNumbers] = [true, true]
  for (let row = 0; row < count && (isSame || isNumbers); row++) {
    const value = valueAt(row)
    isSame &&= Object.is(value, first)
    isNumbers &&= typeof value === 'number'
  }
  if (isSame) return { same: first }
  if (isNumbers) return { numbers: Float64Array.from({ length: count }, (_, row) => valueAt(row) as number) }
  return { each: Array.from({ length: count }, (_, row) => valueAt(row)) }
}
