import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LeftRows, leftRowsIn } from './left-rows.ts'

const part = { partition: 3, offset: 2 ** 40, side: 1, timestamp: 1_790_000_000_000, bytes: Uint8Array.of(7, 8) }
const rows = [
  { key: Buffer.from('a'), spelling: Buffer.from('"a"'), parts: [{ ...part, carried: undefined }] },
  {
    key: Buffer.from('17'),
    spelling: Buffer.from('17.0'),
    parts: [
      { ...part, side: 0, timestamp: -1, carried: new Uint8Array(0) },
      { ...part, bytes: new Uint8Array(300), carried: Uint8Array.of(1) },
    ],
  },
]

describe('LeftRows', () => {
  it('crosses as bytes of its own that have all of each row, once', () => {
    const left = new LeftRows()
    for (const row of rows) left.append(row)

    const bytes = left.take()

    assert.equal(bytes.length, bytes.buffer.byteLength)
    assert.deepEqual(JSON.stringify([...leftRowsIn(bytes)]), JSON.stringify(rows.map(plain)))
    assert.equal(left.take().length, 0)
  })
})

/** As arrays of bytes, which are written alike whoever made them. */
function plain({ key, spelling, parts }: (typeof rows)[number]) {
  return { key: Uint8Array.from(key), spelling: Uint8Array.from(spelling), parts }
}
