import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { namesMatching } from './matching.ts'

describe('namesMatching', () => {
  it('finds the names that are matched as a whole', () => {
    assert.deepEqual(namesMatching(['ab', 'abc', 'b', 'xab'], 'a.|b'), ['ab', 'b'])
  })

  it('gives up what is no pattern, or takes too long', () => {
    assert.equal(namesMatching(['a'], '('), undefined)
    assert.equal(namesMatching(['a'.repeat(40)], '(a+)+b'), undefined)
  })
})
