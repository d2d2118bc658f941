import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { concealSecrets, refuseUnprotected, type SaslOptions } from './options.ts'

const alice = { username: 'alice', password: 'pa55word' }

describe('refuseUnprotected', () => {
  const unprotected = { code: 'CONFIG_SECRET_UNPROTECTED' }
  const openly: SaslOptions[] = [
    { mechanism: 'PLAIN', ...alice },
    { mechanism: 'OAUTHBEARER', token: 't0ken' },
  ]
  for (const sasl of openly) {
    it(`wants TLS for ${sasl.mechanism}, or to be told that it need not be`, () => {
      assert.throws(() => refuseUnprotected(sasl, false), unprotected)
      refuseUnprotected(sasl, true)
      refuseUnprotected({ ...sasl, allowPlaintext: true }, false)
    })
  }

  it('lets SCRAM do without, which sends no password', () => {
    refuseUnprotected({ mechanism: 'SCRAM-SHA-256', ...alice }, false)
  })
})

describe('concealSecrets', () => {
  it('makes secrets of passwords and tokens, and leaves functions as they are', () => {
    const token = () => 't0ken'

    const concealed = [
      concealSecrets({ mechanism: 'PLAIN', ...alice }),
      concealSecrets({ mechanism: 'OAUTHBEARER', token: 't0ken' }),
      concealSecrets({ mechanism: 'OAUTHBEARER', token }),
    ]

    assert.equal(JSON.stringify(concealed).match(/\[redacted\]/g)?.length, 2)
    assert.doesNotMatch(JSON.stringify(concealed), /pa55word|t0ken/)
    assert.ok(concealed[2]!.mechanism === 'OAUTHBEARER' && concealed[2]!.token === token)
  })
})
