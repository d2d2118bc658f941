/** Copies 16 bytes at a time and so writes, and reads, up to 15 after the end; returns the end. */
export function copyOver(to: usize, from: usize, length: usize): usize {
  for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i))
  return to + length
}

/** Copies whole words, up to three bytes more than asked; returns the place after them. */
export function copyWords(to: usize, from: usize, length: usize): usize {
  const end = to + ((length + 3) & ~3)
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.load(from))
  if ((end - to) & 8) {
    store<u64>(to, load<u64>(from))
    to += 8
    from += 8
  }
  if ((end - to) & 4) store<u32>(to, load<u32>(from))
  return end
}

/** The last `length` & 3 bytes of a text, which begin at `at`, as a word; 0 when there are none. */
export function restOf(at: usize, length: u32): u32 {
  const rest = length & 3
  return rest == 0 ? 0 : load<u32>(at) & (0xffffff >>> ((3 - rest) << 3))
}
