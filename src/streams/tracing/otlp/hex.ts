const digits = new Uint8Array(256)
for (const [value, digit] of Array.from('0123456789abcdef').entries()) digits[digit.charCodeAt(0)] = value

/** Writes so many bytes that hexadecimal digits stand for, and returns where they end. */
export function putHex(to: Uint8Array, at: number, text: Uint8Array, from: number, count: number): number {
  for (const end = at + count; at < end; from += 2) {
    to[at++] = (digits[text[from]!]! << 4) | digits[text[from + 1]!]!
  }
  return at
}

export function hexOf(bytes: Uint8Array, from: number, count: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, count).toString('hex')
}
