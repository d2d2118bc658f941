import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { openZstd, tooLargeCode } from './open-zstd.ts'

const frame = (text: string) => zstdCompressSync(text)
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])

describe('openZstd', () => {
  it('opens all frames, and passes over skippable ones wherever they are', () => {
    const cases: [expected: string, ...frames: Buffer[]][] = [
      ['one', frame('one')],
      ['', frame('')],
      ['one, two, three', frame('one, '), frame('two, '), frame('three')],
      ['one', skippable, frame('one')],
      ['one, two', frame('one, '), skippable, frame(''), frame('two'), skippable],
      ['', skippable, skippable],
    ]
    for (const [expected, ...frames] of cases) {
      assert.equal(openZstd(Buffer.concat(frames), 100).toString(), expected)
    }
  })

  it('opens as many bytes as the limit, all frames together, and none more', () => {
    const two = Buffer.concat([frame('12345'), frame('678')])

    assert.equal(openZstd(two, 8).length, 8)
    assert.equal(openZstd(Buffer.concat([two, frame('')]), 8).length, 8)
    for (const bytesMax of [7, 5, 4, 1]) assert.throws(() => openZstd(two, bytesMax), { code: tooLargeCode })
  })

  it('refuses what follows a frame and is none, a frame that is cut, and nothing at all', () => {
    const one = frame('one')

    for (const bytes of [
      Buffer.concat([one, Buffer.from('rest')]),
      Buffer.concat([one, one.subarray(0, -1)]),
      one.subarray(0, -1),
      Buffer.concat([one, skippable.subarray(0, -1)]),
      Buffer.alloc(0),
    ]) {
      assert.throws(() => openZstd(bytes, 100), Error)
    }
  })
})
