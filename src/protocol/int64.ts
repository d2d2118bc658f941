const twoTo32 = 4294967296

/** Reads 64 bits as a number: exact to 2^53, which holds for every offset, id and time the broker hands out. */
export function readInt64(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position) * twoTo32 + bytes.readUInt32BE(position + 4)
}

export function writeInt64(bytes: Buffer, value: number, position: number): void {
  const high = Math.floor(value / twoTo32)
  bytes.writeInt32BE(high, position)
  bytes.writeUInt32BE(value - high * twoTo32, position + 4)
}
