import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { describeUnreadable } from './unreadable-value.ts'

describe('describeUnreadable', () => {
  for (const [value, says] of [
    ['', 'it ends at byte 0 before it is complete, and it is empty'],
    ['{"a":x}', 'byte 5 is "x", and it begins with "{\\"a\\""'],
    ['{"a":1} {', 'byte 8 is "{", and it begins with "{\\"a\\""'],
    ['{"a":1,}', 'byte 7 is "}", and it begins with "{\\"a\\""'],
    ['[1,]', 'byte 3 is "]", and it begins with "[1,]"'],
    ['{"a" 1}', 'byte 5 is "1", and it begins with "{\\"a\\""'],
    ['{"a":01}', 'byte 6 is "1", and it begins with "{\\"a\\""'],
    ['{"ä":1', 'it ends at byte 7 before it is complete, and it begins with 0x7b 0x22 0xc3 0xa4'],
    ['{"a":"\n"}', 'byte 5 is "\\"", and it begins with "{\\"a\\""'],
    ['hello', 'byte 0 is "h", and it begins with "hell"'],
  ] as const) {
    it(`says where ${JSON.stringify(value)} is no JSON`, () => {
      assert.equal(describeUnreadable(Buffer.from(value)), says)
    })
  }

  for (const [name, prefix, looks] of [
    ['Confluent or Apicurio', [0, 0, 0, 0, 1], 'JSON after a schema registry prefix of 5 bytes (Confluent, Apicurio)'],
    ['8 bytes of Apicurio', [0, 0, 0, 0, 0, 0, 0, 0, 7], 'JSON after a schema registry prefix of 9 bytes (Apicurio)'],
    ['AWS Glue', [3, 0, ...Array<number>(16).fill(0xe9)], 'JSON after a schema registry prefix of 18 bytes (AWS Glue)'],
    ['a byte order mark', [0xef, 0xbb, 0xbf], 'JSON after a byte order mark'],
    ['a record separator', [0x1e], 'a JSON text sequence, with a separator before each text'],
  ] as const) {
    it(`knows the framing of ${name}`, () => {
      const said = describeUnreadable(Buffer.concat([Buffer.from(prefix), Buffer.from('{"a":1}')]))

      assert.match(said, /^byte 0 is /)
      assert.ok(said.endsWith(`: it looks like ${looks}`), said)
    })
  }

  it('names no framing where no JSON follows what could be a prefix', () => {
    assert.equal(
      describeUnreadable(Uint8Array.of(0, 0, 0, 0, 1, 9)),
      'byte 0 is 0x00, and it begins with 0x00 0x00 0x00 0x00',
    )
  })

  it('says which byte is no UTF-8, and passes over replacement characters that are meant', () => {
    const value = Buffer.concat([Buffer.from('{"�":"ä'), Uint8Array.of(0xff), Buffer.from('"}')])

    assert.match(describeUnreadable(value), /^byte 10 is 0xff, and /)
  })

  it('says nothing of where in a value that is cut, and what it begins with', () => {
    assert.equal(describeUnreadable(Buffer.from(`{"a":"${'ä'.repeat(70_000)}`)), 'it begins with "{\\"a\\""')
  })

  it('finds no fault in what JSON.parse reads, and the end or an earlier byte in what is cut', () => {
    check(
      fc.property(fc.json(), fc.nat(), (text, cut) => {
        const bytes = Buffer.from(text)
        assert.match(describeUnreadable(bytes), /^it begins with /)
        const part = bytes.subarray(0, cut % bytes.length)
        const isJson = (() => {
          try {
            return JSON.parse(part.toString()) !== undefined
          } catch {
            return false
          }
        })()
        const at = Number(/byte (\d+)/.exec(describeUnreadable(part))?.[1] ?? -1)
        assert.ok(isJson || (at >= 0 && at <= part.length), describeUnreadable(part))
      }),
      2_000,
    )
  })
})
