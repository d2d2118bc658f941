/** What may be an integer of more than 15 digits; a string may hold the same. */
const longInteger = /(?:^|[:,[\s])(-?\d{16,})(?=[\s,\]}]|$)/
const longIntegers = new RegExp(longInteger, 'g')
const integerOnly = /^-?\d+$/

/** Parses JSON, with each integer beyond 2^53 - 1 as a BigInt, which has all of its digits. */
export function parseWithBigInts(text: string): unknown {
  if (!mayHave(text, isUnsafe)) return JSON.parse(text)
  return parseWithSources(text, (value, source) => (isUnsafe(source) ? BigInt(source) : value))
}

/** Writes JSON, with each BigInt as an integer; `undefined` for what is no JSON. */
export function stringifyWithBigInts(value: unknown): string | undefined {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, made: unknown) {
    // Somebody may have given BigInt a `toJSON`, which has been asked by now.
    const own = this[key]
    return typeof own === 'bigint' ? rawJson(String(own)) : made
  })
}

/** The first integer of a JSON text that has other digits once it is a number; absent in nearly all. */
export function integerThatLosesDigits(text: string): string | undefined {
  if (!longInteger.test(text) || !mayHave(text, losesDigits)) return undefined
  let lost: string | undefined
  parseWithSources(text, (value, source) => {
    if (losesDigits(source)) lost ??= source
    return value
  })
  return lost
}

function mayHave(text: string, isSought: (digits: string) => boolean): boolean {
  if (!longInteger.test(text)) return false
  for (const [, digits] of text.matchAll(longIntegers)) if (isSought(digits!)) return true
  return false
}

function isUnsafe(source: string): boolean {
  return integerOnly.test(source) && !Number.isSafeInteger(Number(source))
}

function losesDigits(source: string): boolean {
  return isUnsafe(source) && BigInt(Number(source)) !== BigInt(source)
}

/** Numbers by how they are written. */
function parseWithSources(text: string, take: (value: number, source: string) => unknown): unknown {
  return JSON.parse(text, ((_: string, value: unknown, { source }: { source: string }) =>
    typeof value === 'number' ? take(value, source) : value) as (key: string, value: unknown) => unknown)
}

/** TypeScript's library does not know it yet. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)
}
