import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reasonChoice } from './reason-choice.ts'

describe('the choice of dead letters by their reasons', () => {
  it('takes those of each that is named', () => {
    const isChosen = reasonChoice('NOT_JSON, EXPIRED')

    assert.deepEqual(['NOT_JSON', 'EXPIRED', 'LATE'].map(isChosen), [true, true, false])
  })

  for (const [text, said] of [
    ['KEY_MISING', /^reason: "KEY_MISING" is no reason of dead letters; did you mean KEY_MISSING\?$/],
    ['key_missing', /did you mean KEY_MISSING\?$/],
    ['NOT_JSON,', /"" is no reason of dead letters; there are NOT_JSON, /],
    ['OK', /"OK" is no reason/],
  ] as const)
    it(`refuses "${text}", of which there can be none`, () => {
      assert.throws(() => reasonChoice(text), { code: 'CONFIG_INVALID_VALUE', message: said })
    })
})
