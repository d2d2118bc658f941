import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { check } from '../../test/property.ts'
import { joinedChecksum } from './joined-checksum.ts'

describe('joinedChecksum', () => {
  it('is that of the bytes before and after, whatever their lengths', () => {
    const bytes = fc.uint8Array({ maxLength: 3_000 })
    check(
      fc.property(bytes, bytes, (before, after) => {
        const joined = joinedChecksum(crc32c(before), crc32c(after), after.length)

        assert.equal(joined, crc32c(Buffer.concat([before, after])))
      }),
    )
  })

  it('is right for as many bytes as a batch may have', () => {
    const [before, after] = [Buffer.from('head'), Buffer.alloc(3 << 20, 'records')]

    const joined = joinedChecksum(crc32c(before), crc32c(after), after.length)

    assert.equal(joined, crc32c(Buffer.concat([before, after])))
  })
})
