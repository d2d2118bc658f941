import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCode, errorCodeNamed, errorName, isRetriable } from '../../protocol/index.ts'
import { meaningOfRefusal, refusal, refusalCode } from './broker-error.ts'
import { meaningOf, passes } from './error-meaning.ts'

const codes = Object.values(errorCode)

describe('meaningOf', () => {
  it('lets pass just what Kafka calls retriable', () => {
    assert.deepEqual(
      codes.filter((code) => passes(meaningOf(code))),
      codes.filter(isRetriable),
    )
  })

  it('takes an error that is not known for one that stays', () => {
    assert.equal(meaningOf(32_000), 'final')
  })

  it('accepts nothing but what is no error', () => {
    assert.deepEqual(
      codes.filter((code) => meaningOf(code) === 'accepted'),
      [errorCode.none],
    )
  })
})

describe('a refusal', () => {
  it('keeps its code, and with that what it means', () => {
    for (const code of [...codes, 32_000]) {
      const error = refusal(code, 'writing')

      assert.equal(refusalCode(error), code)
      assert.equal(meaningOfRefusal(error), meaningOf(code))
      assert.equal(error.retryable, isRetriable(code))
    }
  })

  it('has a name that leads back to its code', () => {
    assert.deepEqual(
      codes.map((code) => errorCodeNamed(errorName(code))),
      codes,
    )
    assert.equal(errorCodeNamed('NO_SUCH_ERROR'), undefined)
  })

  it('is told from errors that no broker has sent', () => {
    assert.equal(refusalCode(new Error('a socket failed')), undefined)
    assert.equal(meaningOfRefusal(new Error('a socket failed')), undefined)
  })
})
