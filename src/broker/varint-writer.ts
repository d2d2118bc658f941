/** The zigzag code of a whole number below 2^52. */
export function varint(value: number): Buffer {
  let left = value < 0 ? -2 * value - 1 : 2 * value
  const bytes: number[] = []
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) + 0x80)
  return Buffer.from([...bytes, left])
}
