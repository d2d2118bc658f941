import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeKeys, encodeKeys } from './key-codec.ts'

const key = (text: string, isNumber = false) => ({ bytes: Buffer.from(text), isNumber })

function decoded(bytes: Uint8Array): [string, boolean][] {
  const found: [string, boolean][] = []
  const count = decodeKeys(bytes, ({ bytes, isNumber }, index) => {
    assert.equal(index, found.length)
    found.push([Buffer.from(bytes).toString(), isNumber])
  })
  assert.equal(count, found.length)
  return found
}

describe('keys as bytes', () => {
  it('are the same when they are read, in pieces that each can be read alone', () => {
    const keys = [key('7', true), key('7'), key(''), key('ä'.repeat(5_000)), key('-1e400', true), key('last')]

    const pieces = [...encodeKeys(keys, 8)]

    assert.deepEqual(
      pieces.map(({ count }) => count),
      [4, 2],
    )
    assert.deepEqual(
      pieces.flatMap(({ bytes }) => decoded(bytes)),
      keys.map(({ bytes, isNumber }) => [bytes.toString(), isNumber]),
    )
  })

  it('are no piece where there are none', () => {
    assert.deepEqual([...encodeKeys([], 8)], [])
  })

  it('are refused where they are cut off, or have a length below nothing', () => {
    const bytes = [...encodeKeys([key('a key')], 8)][0]!.bytes

    for (let length = 1; length < bytes.length; length++) {
      assert.throws(() => decodeKeys(bytes.subarray(0, length), () => {}), RangeError)
    }
    assert.throws(() => decodeKeys(Uint8Array.of(3), () => {}), RangeError)
  })
})
