import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveOptions } from '../core/options.ts'
import { resolveSecurity, securityOf, securityOptions } from './security.ts'

describe('securityOf', () => {
  it('is nothing where nothing is said', () => {
    assert.deepEqual(resolve({}), { tls: false, sasl: false })
  })

  it('is TLS with the authorities of Node.js where only TLS is asked for', () => {
    assert.deepEqual(resolve({ MILLRACE_TLS: 'true' }).tls, { rejectUnauthorized: true })
  })

  it('is TLS where a part of it is given, even if it was not asked for', () => {
    assert.deepEqual(resolve({ MILLRACE_TLS_CA_FILE: 'ca.pem', MILLRACE_TLS: 'false' }).tls, {
      ca: 'ca.pem',
      rejectUnauthorized: true,
    })
  })

  it('takes any certificate only where that is said', () => {
    const env = { MILLRACE_TLS: 'true', MILLRACE_TLS_REJECT_UNAUTHORIZED: 'false' }

    assert.deepEqual(resolve(env).tls, { rejectUnauthorized: false })
  })

  it('is a name with its password, or a token', () => {
    const { sasl } = resolve({
      MILLRACE_SASL_MECHANISM: 'SCRAM-SHA-512',
      MILLRACE_SASL_USERNAME: 'alice',
      MILLRACE_SASL_PASSWORD: 'pa55word',
    })
    assert.ok(sasl && sasl.mechanism === 'SCRAM-SHA-512' && typeof sasl.password === 'object')
    assert.deepEqual([sasl.username, sasl.password.reveal(), sasl.allowPlaintext], ['alice', 'pa55word', false])

    const { sasl: byToken } = resolve({ MILLRACE_SASL_MECHANISM: 'OAUTHBEARER', MILLRACE_SASL_TOKEN: 't0ken' })
    assert.ok(byToken && byToken.mechanism === 'OAUTHBEARER' && typeof byToken.token === 'object')
    assert.equal(byToken.token.reveal(), 't0ken')
  })

  const incomplete = [
    [{ MILLRACE_SASL_MECHANISM: 'PLAIN', MILLRACE_SASL_PASSWORD: 'pa55word' }, /PLAIN needs saslUsername/],
    [{ MILLRACE_SASL_MECHANISM: 'PLAIN', MILLRACE_SASL_USERNAME: 'alice' }, /PLAIN needs saslPassword/],
    [{ MILLRACE_SASL_MECHANISM: 'OAUTHBEARER' }, /OAUTHBEARER needs saslToken/],
    [{ MILLRACE_SASL_PASSWORD: 'pa55word' }, /needs saslMechanism; give --sasl-mechanism or MILLRACE_SASL_MECHANISM$/],
  ] as const
  for (const [env, message] of incomplete) {
    it(`says what is missing: ${message.source}`, () => {
      assert.throws(() => resolve(env), { code: 'CONFIG_MISSING_VALUE', message })
    })
  }
})

describe('resolveSecurity', () => {
  it('takes what the program gives before the environment', (t) => {
    process.env['MILLRACE_TLS'] = 'true'
    t.after(() => delete process.env['MILLRACE_TLS'])

    assert.deepEqual(resolveSecurity({}).tls, { rejectUnauthorized: true })
    assert.deepEqual(resolveSecurity({ tls: { ca: 'ca.pem' } }).tls, { ca: 'ca.pem' })
    assert.deepEqual(resolveSecurity({ tls: false, sasl: false }), { tls: false, sasl: false })
  })
})

function resolve(env: Record<string, string>) {
  return securityOf(resolveOptions(securityOptions, { env }))
}
