import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lettersText, wholeLettersText } from './letters-text.ts'

const letter = {
  app: 'shop',
  partition: 0,
  offset: 4,
  timestampMs: 1_790_000_000_000,
  reason: 'NOT_JSON',
  cause: 'it begins with "<"',
  topic: 'orders',
  origins: [{ topic: 'orders', partition: 3, offset: 17 }],
  valueBytes: 6,
  headers: [],
}

describe('dead letters for people', () => {
  it('are counted by reason, and each has its place and cause', () => {
    const other = { ...letter, reason: 'DUPLICATE', key: 'k' }

    assert.deepEqual(lettersText('shop', [{ ...letter, value: '<xml/>' }, other, letter]).split('\n'), [
      'shop: the newest 3: 2 NOT_JSON, 1 DUPLICATE',
      'NOT_JSON  orders 3@17  2026-09-21T14:13:20.000Z',
      String.raw`  "it begins with \"<\""`,
      '  value of 6 bytes "<xml/>"',
      'DUPLICATE  orders 3@17  2026-09-21T14:13:20.000Z',
      String.raw`  "it begins with \"<\""`,
      '  key "k"',
      'NOT_JSON  orders 3@17  2026-09-21T14:13:20.000Z',
      String.raw`  "it begins with \"<\""`,
      '  no key and no value: the letter only refers to its record, unless that has none',
    ])
  })

  it('tell which record of a flatMap it was', () => {
    const [, second] = lettersText('shop', [{ ...letter, origins: [{ ...letter.origins[0]!, index: 2 }] }]).split('\n')

    assert.equal(second, 'NOT_JSON  orders 3@17[2]  2026-09-21T14:13:20.000Z')
  })

  it('move no cursor, whatever is in them, and are cut', () => {
    const text = lettersText('shop', [{ ...letter, value: `\u001b[2J\u009b2J\u007f${'x'.repeat(500)}` }])

    assert.ok(text.includes(String.raw`"\u001b[2J\u009b2J\u007fxxx`), text)
    assert.ok(text.endsWith('…"'))
    const codes = Array.from(text.replaceAll('\n', ''), (character) => character.charCodeAt(0))
    assert.ok(codes.every((code) => code >= 0x20 && (code < 0x7f || code > 0x9f)))
  })

  it('are shown in full, with headers and where they are kept', () => {
    const value = 'x'.repeat(300)
    const headers = [
      ['trace', 'a\u001b'],
      ['empty', null],
    ] as const

    assert.deepEqual(wholeLettersText('shop', [{ ...letter, value, headers }]).split('\n'), [
      'NOT_JSON  orders 3@17  2026-09-21T14:13:20.000Z',
      String.raw`  "it begins with \"<\""`,
      `  value of 6 bytes "${value}"`,
      String.raw`  header "trace" "a\u001b"`,
      '  header "empty" null',
      '  kept at 0@4 of its topic',
    ])
    assert.equal(wholeLettersText('shop', []), 'shop: no dead letter of that record')
  })

  it('are none where there are none', () => {
    assert.equal(lettersText('shop', []), 'shop: no dead letters')
  })
})
