import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { varint } from './fixtures/record-batch.ts'
import { type PartOrigin, readOrigins } from './origins.ts'

describe('readOrigins', () => {
  it('gives the place of each part, and nothing for a side without one', () => {
    const origins: (PartOrigin | undefined)[] = [
      { partition: 0, offset: 0 },
      undefined,
      { partition: 2 ** 20 - 1, offset: 2 ** 43 - 1 },
      { partition: 64, offset: 2 ** 31 },
    ]
    const none = { partition: -1, offset: -1 }
    const bytes = Buffer.concat(
      origins.map((origin = none) => Buffer.concat([varint(origin.partition), varint(origin.offset)])),
    )

    assert.deepEqual(readOrigins(bytes), origins)
    assert.deepEqual(readOrigins(new Uint8Array(0)), [])
  })

  it('gives nothing at all for what is cut off', () => {
    const bytes = Buffer.concat([varint(1), varint(300), varint(2), varint(300)])

    assert.equal(readOrigins(bytes.subarray(0, -1)), undefined)
    assert.equal(readOrigins(bytes.subarray(0, -2)), undefined)
    assert.equal(readOrigins(Buffer.alloc(20, 0xff)), undefined)
  })
})
