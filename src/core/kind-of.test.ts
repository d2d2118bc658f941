import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kindOf } from './kind-of.ts'

describe('kindOf', () => {
  it('says what a value is', () => {
    const values = [
      undefined,
      null,
      5,
      true,
      'a"b',
      [],
      () => {},
      Promise.resolve(),
      { kind: 'field' },
      {},
      Symbol('s'),
    ]

    assert.deepEqual(values.map(kindOf), [
      'undefined',
      'null',
      '5',
      'true',
      String.raw`the text "a\"b"`,
      'a list',
      'a function',
      'a promise',
      'a field',
      'an object',
      'a symbol',
    ])
  })
})
