import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { MillraceError } from '../../core/errors.ts'
import { tlsConnectOptions, type TlsOptions, tlsRefusal } from './tls.ts'

describe('tlsConnectOptions', () => {
  it('asks brokers for certificates, and for TLS of a version that is safe, unless told otherwise', () => {
    const { rejectUnauthorized, secureContext } = tlsConnectOptions({})

    assert.equal(rejectUnauthorized, true)
    assert.ok(secureContext)
  })

  it('warns where brokers are not asked', async () => {
    const warned = once(process, 'warning')

    assert.equal(tlsConnectOptions({ rejectUnauthorized: false }).rejectUnauthorized, false)

    const [warning] = (await warned) as [Error & { code: string }]
    assert.deepEqual([warning.name, warning.code], ['SecurityWarning', 'MILLRACE_TLS_UNVERIFIED'])
  })

  const secret = 'MIGHAgEAMBMGByqGSM49'
  const unusable: Record<string, [TlsOptions, RegExp]> = {
    'an authority at a path where nothing is': [{ ca: '/nowhere/ca.pem' }, /^tls\.ca is neither .*: ENOENT$/],
    'a certificate that is a folder': [{ cert: '/' }, /^tls\.cert is neither .*: EISDIR$/],
    'a key without its first line': [{ key: secret }, /^tls\.key is neither .*: ENOENT$/],
    'a key that is damaged': [{ key: `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----` }, /^tls: /],
    'one authority of several': [{ ca: [pem('A'), '/nowhere/ca.pem'] }, /^tls\.ca is neither/],
  }
  for (const [what, [options, message]] of Object.entries(unusable)) {
    it(`refuses ${what}, and does not repeat it`, () => {
      assert.throws(
        () => tlsConnectOptions(options),
        (error: unknown) => {
          assert.ok(MillraceError.is(error) && error.code === 'CONFIG_INVALID_VALUE')
          assert.match(error.message, message)
          assert.ok(!inspect(error, { depth: Infinity, showHidden: true }).includes(secret))
          return true
        },
      )
    })
  }
})

describe('tlsRefusal', () => {
  const advices = {
    CERT_HAS_EXPIRED: 'has expired',
    CERT_NOT_YET_VALID: 'check the clocks',
    CERT_REVOKED: 'revoked',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'tls.ca',
    SELF_SIGNED_CERT_IN_CHAIN: 'tls.ca',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls.ca',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls.ca',
    ERR_TLS_CERT_ALTNAME_INVALID: 'tls.servername',
    ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'tls.cert',
    ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'tls.cert',
    ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'tls.cert',
    ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'tls.cert',
    ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS',
    ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'version or cipher',
    ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'version or cipher',
  }
  for (const [code, advice] of Object.entries(advices)) {
    it(`says what to do about ${code}`, () => {
      const error = tlsRefusal(failure(code), { host: 'kafka.example', port: 9093 })

      assert.ok(error !== undefined)
      assert.deepEqual([error.code, error.retryable], ['KAFKA_TLS_FAILED', false])
      assert.ok(error.message.startsWith('broker kafka.example:9093: '), error.message)
      assert.ok(error.message.includes(advice), error.message)
    })
  }

  for (const code of ['ECONNRESET', 'ECONNREFUSED', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', undefined]) {
    it(`leaves ${code} to others, since it may pass`, () => {
      assert.equal(tlsRefusal(failure(code), { host: 'kafka.example', port: 9093 }), undefined)
    })
  }
})

function failure(code: string | undefined): Error {
  return Object.assign(new Error('failed'), code === undefined ? {} : { code })
}

function pem(text: string): string {
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
}
