import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KeyTag, MergeKeyReader } from './merge-key.ts'
import { Status } from './status.ts'
import { ValueKind } from './value-kind.ts'

const utf8 = new TextEncoder()
const { MISSING, PLAIN_STRING, ESCAPED_STRING, PLAIN_INTEGER, NUMBER, OBJECT, TRUE, NULL } = ValueKind

/** Reads a key, and gives its canonical bytes as text. */
function read(keys: MergeKeyReader, spelling: string, kind: ValueKind) {
  const bytes = utf8.encode(`{"k":${spelling}}`)
  const status = keys.read(bytes, 5, bytes.length - 1, kind)
  if (status !== Status.OK) return { status }
  const canonical = (keys.inScratch ? keys.scratch : bytes).subarray(keys.start, keys.end)
  return { canonical: new TextDecoder().decode(canonical), tag: keys.tag, inScratch: keys.inScratch }
}

describe('MergeKeyReader', () => {
  it('takes plain strings and plain integers as they stand', () => {
    const keys = new MergeKeyReader()

    assert.deepEqual(read(keys, '"cust-1"', PLAIN_STRING), {
      canonical: 'cust-1',
      tag: KeyTag.STRING,
      inScratch: false,
    })
    assert.deepEqual(read(keys, '-12', PLAIN_INTEGER), { canonical: '-12', tag: KeyTag.NUMBER, inScratch: false })
  })

  it('resolves escapes', () => {
    const key = read(new MergeKeyReader(), '"\\u00e9\\n\\ud83d\\ude00\\/"', ESCAPED_STRING)

    assert.deepEqual(key, { canonical: 'é\n😀/', tag: KeyTag.STRING, inScratch: true })
  })

  it('keeps surrogates without a partner apart from one another and from U+FFFD', () => {
    const keys = new MergeKeyReader()
    const bytesOf = (spelling: string) => {
      const bytes = utf8.encode(spelling)
      keys.read(bytes, 0, bytes.length, ESCAPED_STRING)
      return [...keys.scratch.subarray(keys.start, keys.end)]
    }

    assert.deepEqual(bytesOf('"\\ud800"'), [0xed, 0xa0, 0x80])
    assert.deepEqual(bytesOf('"\\udc00\\ud800"'), [0xed, 0xb0, 0x80, 0xed, 0xa0, 0x80])
    assert.deepEqual(bytesOf('"\\ufffd"'), [0xef, 0xbf, 0xbd])
  })

  it('writes a number in the one form of its value, in place if that is how it is spelled', () => {
    const keys = new MergeKeyReader()

    assert.deepEqual(read(keys, '10e-1', NUMBER), { canonical: '1', tag: KeyTag.NUMBER, inScratch: true })
    assert.deepEqual(read(keys, '895.61', NUMBER), { canonical: '895.61', tag: KeyTag.NUMBER, inScratch: false })
  })

  it('holds the keys in scratch until it is cleared, however many they are', () => {
    const keys = new MergeKeyReader()
    const places = Array.from({ length: 2000 }, (_, i) => {
      read(keys, `${i}.0`, NUMBER)
      return [keys.start, keys.end]
    })

    places.forEach(([start, end], i) => {
      assert.equal(new TextDecoder().decode(keys.scratch.subarray(start, end)), `${i}`)
    })
    keys.clear()
    read(keys, '7.0', NUMBER)
    assert.equal(keys.start, 0)
  })

  it('says why a value is no key', () => {
    const keys = new MergeKeyReader({ spellingBytesMax: 8 })

    assert.deepEqual(read(keys, '', MISSING), { status: Status.KEY_MISSING })
    assert.deepEqual(read(keys, '{"a":"longer"}', OBJECT), { status: Status.KEY_TYPE })
    assert.deepEqual(read(keys, 'true', TRUE), { status: Status.KEY_TYPE })
    assert.deepEqual(read(keys, 'null', NULL), { status: Status.KEY_TYPE })
    assert.deepEqual(read(keys, '"1234567"', PLAIN_STRING), { status: Status.KEY_TOO_LONG })
    assert.equal(read(keys, '"123456"', PLAIN_STRING).canonical, '123456')
  })
})
