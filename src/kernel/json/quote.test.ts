import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeJsonString } from './quote.ts'

describe('encodeJsonString', () => {
  it('spells every string so that JSON.parse gives it back', () => {
    for (const text of ['', 'A', '"\\\u0000\n', 'é€😀', '\ud800', '__proto__']) {
      const spelling = new TextDecoder('utf-8', { fatal: true }).decode(encodeJsonString(text))
      assert.equal(JSON.parse(spelling), text)
    }
  })
})
