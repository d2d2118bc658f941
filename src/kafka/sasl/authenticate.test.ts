import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { closeAfterwards, saslAuthenticate, saslHandshake, ScriptedBroker } from '../../../test/kafka-peer/index.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { VirtualClock } from '../../testing/index.ts'
import { Connection } from '../network/connection.ts'
import type { SaslOptions } from './options.ts'

const failed = { name: 'KafkaError', code: 'KAFKA_AUTHENTICATION_FAILED', retryable: false }
const alice = { username: 'alice', password: 'pa55word' }

describe('authentication', () => {
  it('sends name and password as PLAIN wants them', async (t) => {
    const { broker, connecting } = await start(t, { mechanism: 'PLAIN', ...alice, allowPlaintext: true })
    const handshake = await broker.take(saslHandshake)
    handshake.answer({ errorCode: 0, mechanisms: ['PLAIN'] })
    const { request, answer } = await broker.take(saslAuthenticate)
    answer(accepted())
    await connecting

    assert.equal(handshake.request.mechanism, 'PLAIN')
    assert.equal(request.authBytes.toString(), '\0alice\0pa55word')
  })

  it('sends a token as OAUTHBEARER wants it, of whatever kind it is given', async (t) => {
    const tokens = ['t0ken', new Secret('t0ken'), () => 't0ken', () => Promise.resolve(new Secret('t0ken'))]
    for (const token of tokens) {
      const { broker, connecting } = await start(t, { mechanism: 'OAUTHBEARER', token, allowPlaintext: true })
      await shakeHands(broker)
      const { request, answer } = await broker.take(saslAuthenticate)
      answer(accepted())
      await connecting

      assert.equal(request.authBytes.toString(), 'n,,\x01auth=Bearer t0ken\x01\x01')
    }
  })

  it('tells which mechanisms a listener takes when it refuses one', async (t) => {
    const { broker, connecting } = await start(t, { mechanism: 'SCRAM-SHA-256', ...alice })
    const { answer } = await broker.take(saslHandshake)
    answer({ errorCode: 33, mechanisms: ['GSSAPI', 'PLAIN'] })

    await assert.rejects(connecting, {
      ...failed,
      message: /SASL SCRAM-SHA-256 failed: the listener takes GSSAPI, PLAIN$/,
    })
  })

  it('fails by the name of an error that the broker does not explain', async (t) => {
    const { broker, connecting } = await start(t, { mechanism: 'SCRAM-SHA-256', ...alice })
    const { answer } = await broker.take(saslHandshake)
    answer({ errorCode: 34, mechanisms: [] })

    await assert.rejects(connecting, { ...failed, message: /ILLEGAL_SASL_STATE$/ })
  })

  it('fails by what the broker says', async (t) => {
    const { broker, connecting } = await start(t, { mechanism: 'PLAIN', ...alice, allowPlaintext: true })
    await shakeHands(broker)
    const { answer } = await broker.take(saslAuthenticate)
    answer({ errorCode: 58, errorMessage: 'no such user', authBytes: Buffer.alloc(0) })

    await assert.rejects(connecting, { ...failed, message: /SASL PLAIN failed: no such user$/ })
  })

  it('may succeed later when the broker goes away in the middle', async (t) => {
    const { broker, connecting } = await start(t, { mechanism: 'SCRAM-SHA-512', ...alice })
    await shakeHands(broker)
    const { raw } = await broker.take(saslAuthenticate)
    raw.reset()

    await assert.rejects(connecting, { code: 'KAFKA_CONNECTION_FAILED', retryable: true })
  })

  it('may succeed later when no token is to be had', async (t) => {
    const cause = new Error('the identity provider is away')
    const token = () => Promise.reject(cause)
    const { connecting } = await start(t, { mechanism: 'OAUTHBEARER', token, allowPlaintext: true })

    await assert.rejects(connecting, { code: 'KAFKA_TOKEN_UNAVAILABLE', retryable: true, cause })
  })

  it('may succeed later when the token does not come', async (t) => {
    const clock = new VirtualClock()
    const asked = Promise.withResolvers<void>()
    const token = () => {
      asked.resolve()
      return new Promise<string>(() => {})
    }
    const { connecting } = await start(t, { mechanism: 'OAUTHBEARER', token, allowPlaintext: true }, clock)
    await asked.promise

    await clock.advance(30_000)

    await assert.rejects(connecting, { code: 'KAFKA_TOKEN_UNAVAILABLE', retryable: true })
    assert.equal(clock.pendingTimers, 0)
  })

  const impostors: Record<string, (nonce: string) => string> = {
    'that answers with nonsense': () => 'nonsense',
    'that leaves the salt out': (nonce) => `r=${nonce}x,i=4096`,
    'that repeats no nonce': () => 'r=x,s=c2FsdA==,i=4096',
    'that adds nothing to the nonce': (nonce) => `r=${nonce},s=c2FsdA==,i=4096`,
    'that wants what this client does not know': (nonce) => `m=more,r=${nonce}x,s=c2FsdA==,i=4096`,
    'that wants too few iterations': (nonce) => `r=${nonce}x,s=c2FsdA==,i=1`,
    'that wants more iterations than this machine has time for': (nonce) => `r=${nonce}x,s=c2FsdA==,i=2000000000`,
  }
  for (const [which, challenge] of Object.entries(impostors)) {
    it(`by SCRAM fails at a broker ${which}`, async (t) => {
      const { broker, connecting } = await start(t, { mechanism: 'SCRAM-SHA-256', ...alice })
      await shakeHands(broker)
      const { request, answer } = await broker.take(saslAuthenticate)
      answer(accepted(challenge(nonceIn(request.authBytes))))

      await assert.rejects(connecting, failed)
    })
  }

  it('by SCRAM fails at a broker that does not know the password itself', async (t) => {
    const { broker, connecting } = await start(t, { mechanism: 'SCRAM-SHA-256', ...alice })
    await shakeHands(broker)
    const first = await broker.take(saslAuthenticate)
    first.answer(accepted(`r=${nonceIn(first.request.authBytes)}x,s=c2FsdA==,i=4096`))
    const last = await broker.take(saslAuthenticate)
    last.answer(accepted(`v=${Buffer.alloc(32).toString('base64')}`))

    await assert.rejects(connecting, { ...failed, message: /Invalid server signature/ })
  })

  it('sends nothing that anyone could read', async (t) => {
    const { broker, connecting } = await start(t, { mechanism: 'PLAIN', ...alice })

    await assert.rejects(connecting, { code: 'CONFIG_SECRET_UNPROTECTED' })
    assert.equal(broker.connectionCount, 0)
  })
})

async function start(t: TestContext, sasl: SaslOptions, clock: Clock = systemClock) {
  const broker = await ScriptedBroker.start()
  const { host, port } = broker
  const connecting = Connection.connect({ host, port, clientId: 'test', sasl, clock })
  connecting.catch(() => {})
  closeAfterwards(t, connecting, broker)
  return { broker, connecting }
}

async function shakeHands(broker: ScriptedBroker): Promise<void> {
  const { answer, request } = await broker.take(saslHandshake)
  answer({ errorCode: 0, mechanisms: [request.mechanism] })
}

function accepted(message = '') {
  return { errorCode: 0, errorMessage: null, authBytes: Buffer.from(message) }
}

function nonceIn(clientFirst: Buffer): string {
  return /r=([^,]+)/.exec(clientFirst.toString())![1]!
}
