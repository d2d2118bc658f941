/** Bytes of a value that are looked at; what is wrong after them is not searched for. */
const searchedBytesMax = 64 << 10
const shownBytes = 4
const replacement = '�'
const encodedReplacement = Buffer.from(replacement)

interface Look {
  readonly begins: readonly number[]
  readonly jsonAt?: number
  readonly what: string
  /** The decoding for it. */
  readonly use?: string
}

/**
 * What values begin with that look like something else. Each says at which byte the JSON would be, if it is there at
 * all.
 */
const framings: readonly Look[] = [
  {
    begins: [0x03, 0x00],
    jsonAt: 18,
    what: 'JSON after a schema registry prefix of 18 bytes (AWS Glue)',
    use: 'glueJson()',
  },
  {
    begins: [0x03, 0x05],
    what: 'a value that is compressed after a schema registry prefix (AWS Glue)',
    use: 'glueJson()',
  },
  {
    begins: [0x00],
    jsonAt: 5,
    what: 'JSON after a schema registry prefix of 5 bytes (Confluent, Apicurio)',
    use: 'confluentJson() or apicurioJson()',
  },
  {
    begins: [0x00],
    jsonAt: 9,
    what: 'JSON after a schema registry prefix of 9 bytes (Apicurio)',
    use: 'apicurioJson({ idBytes: 8 })',
  },
  { begins: [0xef, 0xbb, 0xbf], jsonAt: 3, what: 'JSON after a byte order mark' },
  { begins: [0x1e], jsonAt: 1, what: 'a JSON text sequence, with a separator before each text' },
  { begins: [0xff, 0xfe], what: 'text in UTF-16' },
  { begins: [0xfe, 0xff], what: 'text in UTF-16' },
  { begins: [0x1f, 0x8b], what: 'a value that is compressed by itself (gzip)', use: "compressedJson('gzip')" },
  {
    begins: [0x28, 0xb5, 0x2f, 0xfd],
    what: 'a value that is compressed by itself (zstd)',
    use: "compressedJson('zstd')",
  },
]

/** Says where a value ceases to be JSON in UTF-8, what stands at its beginning, and what it looks like instead. */
export function describeUnreadable(value: Uint8Array): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, searchedBytesMax))
  const at = faultIn(bytes, value.length)
  const where =
    at === undefined
      ? ''
      : at === value.length
        ? `it ends at byte ${at} before it is complete, and `
        : `byte ${at} is ${shown(value, at, 1)}, and `
  const begins = value.length === 0 ? 'it is empty' : `it begins with ${shown(value, 0, shownBytes)}`
  const framing = framings.find((each) => isFramed(value, each))
  return `${where}${begins}${framing === undefined ? '' : `: it looks like ${framing.what}`}`
}

/** The decoding for what a value looks like, as a program calls it. */
export function decodingFor(value: Uint8Array): string | undefined {
  return framings.find((each) => isFramed(value, each))?.use
}

/** Says what stands at the beginning of a value that is not framed as it should be, and what it looks like instead. */
export function describeFraming(value: Uint8Array): string {
  if (value.length === 0) return 'it is empty'
  const begins = `byte 0 is ${shown(value, 0, 1)}`
  const framing = framings.find((each) => isFramed(value, each))
  if (framing !== undefined) {
    return `${begins}: it looks like ${framing.what}${framing.use === undefined ? '' : `: use ${framing.use}`}`
  }
  return value[0] === brace || value[0] === bracket ? `${begins}: it looks like JSON as it stands` : begins
}

function isFramed(value: Uint8Array, { begins, jsonAt }: Look): boolean {
  if (!begins.every((byte, index) => value[index] === byte)) return false
  return jsonAt === undefined || value[jsonAt] === brace || value[jsonAt] === bracket
}

const brace = '{'.charCodeAt(0)
const bracket = '['.charCodeAt(0)

/** Bytes as a person reads them: in hexadecimal, and as text where they are text. */
function shown(value: Uint8Array, from: number, count: number): string {
  const bytes = Buffer.from(value.subarray(from, from + count))
  const isText = bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
  return isText ? JSON.stringify(bytes.toString('latin1')) : Array.from(bytes, hex).join(' ')
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`
}

/** The first byte that is no UTF-8, or that no JSON has there; undefined where that is none of those searched. */
function faultIn(bytes: Buffer, length: number): number | undefined {
  const faults = [jsonFaultIn(bytes, length), utf8FaultIn(bytes, length)].filter((at) => at !== undefined)
  return faults.length === 0 ? undefined : Math.min(...faults)
}

function utf8FaultIn(bytes: Buffer, length: number): number | undefined {
  const text = bytes.toString()
  for (
    let at = text.indexOf(replacement), byte = 0, from = 0;
    at >= 0;
    from = at, at = text.indexOf(replacement, at + 1)
  ) {
    byte += Buffer.byteLength(text.slice(from, at))
    if (encodedReplacement.equals(bytes.subarray(byte, byte + encodedReplacement.length))) continue
    // A character may be cut by the end of what is searched.
    const isCut = bytes.length < length && byte + encodedReplacement.length >= bytes.length
    return isCut ? undefined : byte
  }
  return undefined
}

/** What may come next, in objects and arrays within one another. */
type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or ]' | ', or }' | 'end'

const token =
  /[ \t\n\r]*(?:(?<mark>[{}[\],:])|(?<text>"(?:[ !#-[\]-\xff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(?<scalar>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y
const beginOfWord = /["\-\dtfn]/
const space = /[ \t\n\r]*/y

/** The byte from which on a value is no JSON: the beginning of a word that must not stand there. */
function jsonFaultIn(bytes: Buffer, length: number): number | undefined {
  // One character for each byte.
  const text = bytes.toString('latin1')
  const open: ('{' | '[')[] = []
  let expected: Expected = 'value'
  for (let at = 0; ;) {
    space.lastIndex = at
    const begin = at + space.exec(text)![0].length
    if (begin === text.length) return expected === 'end' || text.length < length ? undefined : length
    token.lastIndex = at
    const { mark, text: string, scalar } = token.exec(text)?.groups ?? {}
    const word = mark ?? (string === undefined ? scalar && 'scalar' : 'string')
    // A word may be cut by the end of what is searched.
    if (word === undefined && text.length < length && beginOfWord.test(text[begin]!)) return undefined
    const next = follow(expected, word, open)
    if (next === undefined) return begin
    expected = next
    at = token.lastIndex
  }
}

function follow(expected: Expected, word: string | undefined, open: ('{' | '[')[]): Expected | undefined {
  const closed = (): Expected => {
    open.pop()
    return after(open)
  }
  switch (expected) {
    case 'value':
    case 'value or ]':
      if (word === '{' || word === '[') {
        open.push(word)
        return word === '{' ? 'name or }' : 'value or ]'
      }
      if (word === ']' && expected === 'value or ]') return closed()
      return word === 'string' || word === 'scalar' ? after(open) : undefined
    case 'name':
    case 'name or }':
      if (word === '}' && expected === 'name or }') return closed()
      return word === 'string' ? ':' : undefined
    case ':':
      return word === ':' ? 'value' : undefined
    case ', or ]':
      return word === ',' ? 'value' : word === ']' ? closed() : undefined
    case ', or }':
      return word === ',' ? 'name' : word === '}' ? closed() : undefined
    case 'end':
      return undefined
  }
}

function after(open: readonly ('{' | '[')[]): Expected {
  const innermost = open.at(-1)
  return innermost === undefined ? 'end' : innermost === '{' ? ', or }' : ', or ]'
}
