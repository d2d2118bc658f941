/** 20 characters, as one piece of memory: one that is put together of pieces takes more of it. */
export function keyOf(index: number): string {
  return Buffer.from(`customer-${String(index).padStart(11, '0')}`).toString('latin1')
}

/** The number that a key was made of. */
export function numberOf(key: string): number {
  return Number(key.slice('customer-'.length))
}
