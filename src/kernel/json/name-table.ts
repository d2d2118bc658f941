import { assert } from '../../core/assert.ts'
import { Byte } from './byte.ts'
import { contentBytes } from './quote.ts'

const { QUOTE } = Byte

const headerBytes = 16
const entryBytes = 32
/** After each string, because four bytes are read at a time. */
const slackBytes = 4

/**
 * A fixed set of names that are recognised in JSON bytes, the fields of objects or the stages of a route, as
 * `../assembly/names.ts` looks them up.
 *
 * It is an open-addressing table over the head of a name, which is its opening quote and first three bytes: most names
 * that are not in the table are refused by one load, the others cost a comparison of four bytes at a time. Words:
 *
 * | where | content |
 * |---|---|
 * | header | mask of the entries' bytes; where the names lie; where there is room for a string with escapes, and how large it may be |
 * | each of the entries | index of the name plus one, 0 where it is free; head; length; scope; where it lies among the names |
 *
 * At most an eighth of the entries is taken; a free one ends the search.
 *
 * @param names - Distinct within a scope; the position of each is what a search finds.
 * @param scopes - The scope of each name.
 */
export function encodeNameTable(
  names: readonly string[],
  scopes: readonly number[] = names.map(() => 0),
): Uint8Array<ArrayBuffer> {
  const pairs = names.map((name, index) => JSON.stringify([scopes[index], name]))
  assert(new Set(pairs).size === names.length, 'the names of a table are distinct')
  const contents = names.map(contentBytes)
  const entriesBytes = (8 * entryBytes) << (32 - Math.clz32(names.length))
  // Room for every string that can be one of the names: a byte of content is spelled with at most six.
  const unescapedMax = 6 * contents.reduce((most, { length }) => Math.max(most, length), 0)
  const unescapedAt = headerBytes + entriesBytes + slackBytes
  const namesAt = unescapedAt + unescapedMax + slackBytes
  const namesBytes = contents.reduce((sum, { length }) => sum + length + 2, slackBytes)

  const table = new Uint8Array((namesAt + namesBytes + 3) & ~3).fill(QUOTE, unescapedAt - 1)
  table.fill(0, headerBytes, headerBytes + entriesBytes)
  const view = new DataView(table.buffer)
  const mask = entriesBytes - 1
  const words = [mask, namesAt, unescapedAt, unescapedMax]
  words.forEach((word, index) => view.setInt32(4 * index, word, true))
  let start = 1
  contents.forEach((content, index) => {
    const { length } = content
    const scope = scopes[index]!
    table.set(content, namesAt + start)
    const head = headOf(view, namesAt + start, length)
    let place = ((Math.imul(head ^ length ^ (scope << 8), 0x9e3779b1) >>> 12) * entryBytes) & mask
    while (view.getInt32(headerBytes + place, true) !== 0) place = (place + entryBytes) & mask
    const entry = [index + 1, head, length, scope, start]
    entry.forEach((word, at) => view.setInt32(headerBytes + place + 4 * at, word, true))
    start += length + 2
  })
  return table
}

/** The opening quote and the first three bytes; of a shorter name nothing after its closing quote. */
function headOf(view: DataView, start: number, length: number): number {
  if (length > 1) return view.getInt32(start - 1, true)
  return length === 0 ? 0 : view.getInt32(start - 1, true) & 0xffffff
}
