/** The bytes that JSON gives a meaning and that TypeScript looks for, by name. */
export const Byte = {
  QUOTE: 0x22,
} as const
