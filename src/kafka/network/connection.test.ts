import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  apis as served,
  apiVersions,
  PauseClock,
  type PeerRequest,
  ScriptedBroker,
  saslAuthenticate,
  settled,
  textApi,
  unusedPort,
} from '../../../test/kafka-peer/index.ts'
import { MalformedMessage } from '../../protocol/index.ts'
import { apis } from './apis.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { ReceiveBuffer } from './receive-buffer.ts'

const connectionFailed = { name: 'KafkaError', code: 'KAFKA_CONNECTION_FAILED', retryable: true }

describe('Connection', () => {
  it('sends header and body as one request, and gives the response to who asked', async (t) => {
    const { broker, connection } = await start(t, { clientId: 'naïve' })

    const answer = ask(connection, 'question')
    const request = await broker.next()
    void request.send(request.frame(Buffer.from('answer')))

    assert.equal(await answer, 'answer')
    const { apiKey, version, clientId, body } = request
    assert.deepEqual({ apiKey, version, clientId }, { apiKey: 99, version: 3, clientId: 'naïve' })
    assert.equal(body.toString(), 'question')
  })

  it('puts responses together wherever the network cuts them', async (t) => {
    const { broker, connection } = await start(t)

    for (let cut = 1; cut < 'lengcorranswer'.length; cut++) {
      const answer = ask(connection, 'question')
      const request = await broker.next()
      const frame = request.frame(Buffer.from('answer'))
      await request.send(frame.subarray(0, cut))
      // The loop polls for what has arrived before the other piece is sent.
      await settled()
      void request.send(frame.subarray(cut))

      assert.equal(await answer, 'answer')
    }
  })

  it('takes several responses out of one read, in the order of the requests', async (t) => {
    const { broker, connection } = await start(t)
    const answers = ['a', 'b', 'c'].map((question) => ask(connection, question))
    const requests = [await broker.next(), await broker.next(), await broker.next()]

    void requests[0]!.send(
      Buffer.concat(requests.map((request) => request.frame(Buffer.from(`re ${request.body.toString()}`)))),
    )

    assert.deepEqual(await Promise.all(answers), ['re a', 're b', 're c'])
  })

  it('reads a response into the memory that the request brings', async (t) => {
    const { broker, connection } = await start(t)
    const into = new ReceiveBuffer(100)
    const filled = askInto(connection, into)

    await answerNext(broker, 'x'.repeat(96))

    assert.equal(await filled, into)
    assert.equal(into.buffer.toString('latin1', 4, 100), 'x'.repeat(96))
  })

  it('reads a response that is larger than the memory it was meant for', async (t) => {
    const { broker, connection } = await start(t)
    const into = new ReceiveBuffer(100)
    const filled = askInto(connection, into)

    await answerNext(broker, 'x'.repeat(97))

    assert.notEqual(await filled, into)
    assert.equal((await filled).buffer.toString('latin1', 4, 101), 'x'.repeat(97))
  })

  it('reads a response of several megabytes', async (t) => {
    const { broker, connection } = await start(t)
    const payload = Buffer.alloc(5 << 20, 'millrace')
    const answer = ask(connection, 'much')

    await answerNext(broker, payload)

    assert.equal(await answer, payload.toString())
  })

  const breaches = {
    'announces more than responseBytesMax': () => Buffer.from([0, 0, 4, 1]),
    'announces a negative length': () => Buffer.from([255, 255, 255, 255]),
    'announces less than a correlation id': () => Buffer.from([0, 0, 0, 3]),
    'answers another request': (request: PeerRequest) => request.frame(Buffer.from('x'), request.correlationId + 1),
    'sends what cannot be read': (request: PeerRequest) => request.frame(Buffer.from('nonsense')),
  }
  for (const [breach, bytes] of Object.entries(breaches)) {
    it(`ends, with all pending requests, when the broker ${breach}`, async (t) => {
      const { broker, connection } = await start(t, { responseBytesMax: 1024 })
      const answers = [ask(connection, 'question'), ask(connection, 'another')]
      const closed = closing(connection)
      const request = await broker.next()

      void request.send(bytes(request))

      for (const answer of answers) await assert.rejects(answer, connectionFailed)
      await assert.rejects(closed, connectionFailed)
      await assert.rejects(ask(connection, 'late'), connectionFailed)
    })
  }

  it('ends when the broker sends what nobody asked for', async (t) => {
    const { broker, connection } = await start(t)
    const closed = closing(connection)
    const { request } = await answerNext(broker, 'one', ask(connection, 'only'))

    void request.send(request.frame(Buffer.from('two')))

    await assert.rejects(closed, /nobody asked for/)
  })

  for (const ending of ['hangUp', 'reset'] as const) {
    it(`fails all pending requests when the broker ends the connection by ${ending}`, async (t) => {
      const { broker, connection } = await start(t)
      const answers = [ask(connection, 'a'), ask(connection, 'b')]
      const request = await broker.next()

      request[ending]()

      for (const answer of answers) await assert.rejects(answer, connectionFailed)
    })
  }

  it('fails a request whose response breaks off in the middle', async (t) => {
    const { broker, connection } = await start(t)
    const answer = ask(connection, 'a')
    const request = await broker.next()

    void request.send(request.frame(Buffer.from('whole')).subarray(0, 10))
    request.hangUp()

    await assert.rejects(answer, connectionFailed)
  })

  it('tells that it is closed before it fails what is pending, so that a repeat finds another connection', async (t) => {
    const { connection } = await start(t)
    const seen: string[] = []
    connection.onClosed = () => seen.push('closed')
    const rest = { api: textApi, request: 'question', onResponse() {} }
    connection.request({ ...rest, onFailed: () => seen.push('failed') })

    connection.close()

    assert.deepEqual(seen, ['closed', 'failed'])
  })

  it('ends with the reason of its signal', async (t) => {
    const controller = new AbortController()
    const { connection } = await start(t, { signal: controller.signal })
    const answer = ask(connection, 'a')
    const reason = new Error('enough')

    controller.abort(reason)

    await assert.rejects(answer, reason)
  })

  it('gives up when the oldest request has waited for requestTimeoutMs', async (t) => {
    const clock = new PauseClock()
    const { broker, connection } = await start(t, { clock, requestTimeoutMs: 10_000 })
    await answerNext(broker, 'quick', ask(connection, 'quick'))
    const oldest = ask(connection, 'oldest')
    await clock.advance(6_000)
    const younger = ask(connection, 'younger')

    await clock.advance(3_999)
    await answerNext(broker, 'just in time', oldest)
    await clock.advance(6_000)
    const refused = assert.rejects(younger, /within 10000 ms/)
    await clock.advance(1)

    await refused
    assert.equal(clock.pendingTimers, 0)
  })

  it('leaves no timer behind when all is answered', async (t) => {
    const clock = new PauseClock()
    const { broker, connection } = await start(t, { clock })

    await answerNext(broker, 'answer', ask(connection, 'question'))

    assert.equal(clock.pendingTimers, 0)
  })

  it('refuses more requests than it can keep in mind', async (t) => {
    const { connection } = await start(t)
    const waiting = Array.from({ length: 1024 }, () => ask(connection, 'a').catch(() => {}))

    await assert.rejects(ask(connection, 'b'), /more than 1024 requests/)

    connection.close()
    await Promise.all(waiting)
  })

  it('gives a broker that throttles as much longer to answer what it was sent', async (t) => {
    const clock = new PauseClock()
    const { broker, connection } = await start(t, { clock, requestTimeoutMs: 3_000 })
    const answer = ask(connection, 'sent before')
    const request = await broker.next()

    connection.allow(5_000)
    await clock.advance(7_999)
    void request.send(request.frame(Buffer.from('late')))

    assert.equal(await answer, 'late')
    const failed = assert.rejects(ask(connection, 'sent after'), connectionFailed)
    await clock.advance(3_000)
    await failed
  })

  it('fails to connect where nobody listens', async () => {
    const port = await unusedPort()

    await assert.rejects(Connection.connect({ host: '127.0.0.1', port, clientId: 'test' }), connectionFailed)
  })

  it('gives up connecting after connectTimeoutMs', async () => {
    const clock = new PauseClock()
    // A listener that speaks no TLS never ends the handshake.
    await using silent = await ScriptedBroker.start()
    const { host, port } = silent
    const options = { host, port, clientId: 'test', clock, tls: { rejectUnauthorized: false }, connectTimeoutMs: 3_000 }
    const connecting = assert.rejects(Connection.connect(options), /the connection was not made within 3000 ms/)

    await clock.advance(2_999)
    assert.equal(clock.pendingTimers, 1)
    await clock.advance(1)

    await connecting
  })

  it('fails to connect to a broker that does not take what every program needs', async () => {
    await using broker = await ScriptedBroker.start()
    broker.serve(apiVersions, () => ({ errorCode: 0, apiKeys: claims({ 3: [0, 11] }) }))
    const { host, port } = broker

    await assert.rejects(Connection.connect({ host, port, clientId: 'test', asksVersions: true }), {
      code: 'KAFKA_VERSION_UNSUPPORTED',
      retryable: false,
      message: new RegExp(`broker ${host}:${port} is too old.*it takes Metadata 0 to 11, 12 is needed$`),
    })
  })

  it('sends a broker nothing that it does not take', async (t) => {
    const broker = await ScriptedBroker.start()
    t.after(() => broker[Symbol.asyncDispose]())
    broker.serve(apiVersions, () => ({ errorCode: 0, apiKeys: claims({ 42: undefined }) }))
    const { host, port } = broker
    const connection = await Connection.connect({ host, port, clientId: 'test', asksVersions: true })
    broker.serveTopics([broker], [{ name: 'orders', leaders: [1] }])

    await assert.rejects(connection.ask(apis.deleteGroups, { groupsNames: ['group'] }), {
      code: 'KAFKA_VERSION_UNSUPPORTED',
      message: /it takes DeleteGroups not at all, 2 is needed$/,
    })

    assert.equal(broker.waitingCount, 0)
    const { topics } = await connection.ask(apis.metadata, { topics: [{ name: 'orders' }] })
    assert.equal(topics.length, 1)
    connection.close()
  })

  it('gives up connecting to a broker that does not tell what it takes', async () => {
    const clock = new PauseClock()
    await using silent = await ScriptedBroker.start()
    silent.hold(apiVersions)
    const { host, port } = silent
    const options = { host, port, clientId: 'test', clock, asksVersions: true, connectTimeoutMs: 3_000 }
    const connecting = assert.rejects(Connection.connect(options), connectionFailed)

    await silent.next()
    await clock.advance(3_000)

    await connecting
  })

  it('asks in the latest version that both sides know', async (t) => {
    const broker = await ScriptedBroker.start()
    t.after(() => broker[Symbol.asyncDispose]())
    broker.serve(apiVersions, () => ({ errorCode: 0, apiKeys: claims({ 22: [0, 4] }) }))
    const { host, port } = broker
    const connection = await Connection.connect({ host, port, clientId: 'test', asksVersions: true })
    t.after(() => connection.close())

    void connection.ask(apis.initProducerId, { transactionalId: null, transactionTimeoutMs: 1 }).catch(() => {})
    void connection.ask(apis.findCoordinator, {}).catch(() => {})
    const versions = [await broker.next(), await broker.next()].map(({ version }) => version)

    assert.deepEqual(versions, [4, 6])
  })

  it('leaves byte strings of an answer as they are when the next response comes', async (t) => {
    const { broker, connection } = await start(t)
    const authenticate = async (reply: string) => {
      const response = connection.ask(saslAuthenticate, { authBytes: Buffer.from('token') })
      const { answer } = await broker.take(saslAuthenticate)
      answer({ errorCode: 0, errorMessage: null, authBytes: Buffer.from(reply) })
      return (await response).authBytes
    }

    const first = await authenticate('first')
    await authenticate('other')

    assert.equal(first.toString(), 'first')
  })
})

/** What the embedded broker takes, but for some APIs by their keys. */
function claims(others: Readonly<Record<number, readonly [first: number, last: number] | undefined>>) {
  return served.flatMap(({ key, versions }) => {
    const range = key in others ? others[key] : versions
    return range === undefined ? [] : [{ apiKey: key, minVersion: range[0], maxVersion: range[1] }]
  })
}

async function start(t: TestContext, options: Partial<ConnectionOptions> = {}) {
  const broker = await ScriptedBroker.start()
  const { host, port } = broker
  const connection = await Connection.connect({ host, port, clientId: 'test', ...options })
  t.after(async () => {
    connection.close()
    await broker[Symbol.asyncDispose]()
  })
  return { broker, connection }
}

function ask(connection: Connection, question: string): Promise<string> {
  return connection.ask(readableApi, question)
}

/** Where the answer lies. */
function askInto(connection: Connection, into: ReceiveBuffer): Promise<ReceiveBuffer> {
  return new Promise((resolve, onFailed) => {
    connection.request({ api: textApi, request: '', into, onResponse: (_, filled) => resolve(filled), onFailed })
  })
}

/** Some texts cannot be read. */
const readableApi: typeof textApi = {
  ...textApi,
  response: {
    ...textApi.response,
    read(reader) {
      const text = textApi.response.read(reader)
      if (text === 'nonsense') throw new MalformedMessage('it is nonsense')
      return text
    },
  },
}

/** Answers the next request and waits until the answer has been read. */
async function answerNext(broker: ScriptedBroker, payload: string | Buffer, answer?: Promise<unknown>) {
  const request = await broker.next()
  const frame = request.frame(Buffer.from(payload as string))
  void request.send(frame)
  await answer
  return { request, frame }
}

/** Rejects with what ends the connection. */
function closing(connection: Connection): Promise<never> {
  return new Promise((_, reject) => (connection.onClosed = reject))
}
