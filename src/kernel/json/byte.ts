/** The bytes that JSON gives a meaning and that TypeScript looks for, by name. */
export const Byte = {
  QUOTE: 0x22,
  PLUS: 0x2b,
  MINUS: 0x2d,
  POINT: 0x2e,
  ZERO: 0x30,
  NINE: 0x39,
  UPPER_E: 0x45,
  LOWER_A: 0x61,
  LOWER_Z: 0x7a,
} as const
