import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../core/errors.ts'
import { attemptOf } from './attempt.ts'

describe('the note of an attempt', () => {
  it('is absent before the first process', () => {
    assert.equal(attemptOf(new Map()), undefined)
  })

  it('makes the checkpoint unusable where it is no JSON', () => {
    assert.throws(
      () => attemptOf(new Map([['attempt', Buffer.from('{')]])),
      (error) => MillraceError.is(error) && error.code === 'CHECKPOINT_CORRUPT',
    )
  })
})
