import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import {
  PauseClock,
  type PeerRequest,
  saslAuthenticate,
  saslHandshake,
  ScriptedBroker,
  textApi,
} from '../../../test/kafka-peer/index.ts'
import { Secret } from '../../core/secret.ts'
import { Connection } from '../network/connection.ts'
import type { SaslOptions } from './options.ts'

const lifetimeMs = 2_000
const plain: SaslOptions = { mechanism: 'PLAIN', username: 'alice', password: 'pa55word', allowPlaintext: true }

describe('a session', () => {
  it('is renewed before it ends, each time anew', async (t) => {
    const { broker, clock } = await start(t, plain)

    for (let renewal = 0; renewal < 3; renewal++) {
      assert.equal(await clock.passPause(), 0.85 * lifetimeMs)
      assert.equal(await authenticate(broker), '\0alice\0pa55word')
    }
  })

  it('is renewed with what the file of its secret says by then', async (t) => {
    const file = join(mkdtempSync(join(tmpdir(), 'millrace-secret-')), 'password')
    t.after(() => rmSync(dirname(file), { recursive: true }))
    writeFileSync(file, 'first')
    const { broker, clock } = await start(t, { ...plain, password: Secret.inFile(file) })

    writeFileSync(file, 'second')
    await clock.passPause()

    assert.equal(await authenticate(broker), '\0alice\0second')
  })

  it('is not renewed where the broker sets it no end', async (t) => {
    const { clock } = await start(t, plain, 0)

    assert.equal(clock.pendingTimers, 0)
  })

  it('is renewed after the requests in flight, and holds back those that follow', async (t) => {
    const { broker, clock, connection } = await start(t, plain)
    const early = connection.ask(textApi, 'early')
    const fetch = await broker.next()

    await clock.passPause()
    const late = [connection.ask(textApi, 'late'), connection.ask(textApi, 'later')]
    const { answer } = await broker.take(saslHandshake)
    reply(fetch)
    answer({ errorCode: 0, mechanisms: ['PLAIN'] })
    const proof = await broker.take(saslAuthenticate)
    assert.equal(await early, 're early')
    assert.equal(broker.waitingCount, 0)
    proof.answer({ errorCode: 0, errorMessage: null, authBytes: Buffer.alloc(0), sessionLifetimeMs: lifetimeMs })
    reply(await broker.next())
    reply(await broker.next())

    assert.deepEqual(await Promise.all(late), ['re late', 're later'])
  })

  it('that the broker does not renew ends the connection, with all that is held back', async (t) => {
    const { broker, clock, connection } = await start(t, plain)
    await clock.passPause()
    const held = connection.ask(textApi, 'held')
    const { answer } = await broker.take(saslHandshake)
    answer({ errorCode: 0, mechanisms: ['PLAIN'] })

    const proof = await broker.take(saslAuthenticate)
    proof.answer({ errorCode: 58, errorMessage: 'the password has changed', authBytes: Buffer.alloc(0) })

    const failed = { code: 'KAFKA_AUTHENTICATION_FAILED', message: /the password has changed$/ }
    await assert.rejects(held, failed)
    await assert.rejects(connection.ask(textApi, 'too late'), failed)
  })

  it('that breaks while it is renewed fails what is held back', async (t) => {
    const { broker, clock, connection } = await start(t, plain)
    await clock.passPause()
    const held = connection.ask(textApi, 'held')

    const { raw } = await broker.take(saslHandshake)
    raw.reset()

    await assert.rejects(held, { code: 'KAFKA_CONNECTION_FAILED', retryable: true })
    assert.equal(clock.pendingTimers, 0)
  })

  it('asks for a token each time', async (t) => {
    const tokens = ['first', 'second', 'third']
    const token = () => tokens.shift()!
    const { broker, clock } = await start(t, { mechanism: 'OAUTHBEARER', token, allowPlaintext: true })

    await clock.passPause()
    const second = await authenticate(broker)
    await clock.passPause()
    const third = await authenticate(broker)

    assert.deepEqual([second, third].map(tokenIn), ['second', 'third'])
  })

  it('leaves no timer behind when its connection is closed', async (t) => {
    const { clock, connection } = await start(t, plain)

    connection.close()

    assert.equal(clock.pendingTimers, 0)
  })
})

async function start(t: TestContext, sasl: SaslOptions, sessionLifetimeMs = lifetimeMs) {
  const broker = await ScriptedBroker.start()
  const clock = new PauseClock()
  const { host, port } = broker
  const connecting = Connection.connect({ host, port, clientId: 'test', sasl, clock })
  await authenticate(broker, sessionLifetimeMs)
  const connection = await connecting
  t.after(async () => {
    connection.close()
    await broker[Symbol.asyncDispose]()
  })
  return { broker, clock, connection }
}

/** Lets the client in, and returns what it proved itself with. */
async function authenticate(broker: ScriptedBroker, sessionLifetimeMs = lifetimeMs): Promise<string> {
  const handshake = await broker.take(saslHandshake)
  handshake.answer({ errorCode: 0, mechanisms: [handshake.request.mechanism] })
  const { request, answer } = await broker.take(saslAuthenticate)
  answer({ errorCode: 0, errorMessage: null, authBytes: Buffer.alloc(0), sessionLifetimeMs })
  return request.authBytes.toString()
}

function tokenIn(proof: string): string {
  return /auth=Bearer (\w+)/.exec(proof)![1]!
}

function reply(request: PeerRequest): void {
  void request.send(request.frame(Buffer.from(`re ${request.body.toString()}`)))
}
