import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { systemClock } from '../../src/core/clock.ts'
import { MillraceError, type ErrorCode } from '../../src/core/errors.ts'
import {
  apis,
  Cluster,
  type ClusterOptions,
  type Connection,
  createTopics,
  listOffsets,
  type SaslOptions,
  type TlsOptions,
} from '../../src/kafka/index.ts'
import { field, stage, topology } from '../../src/streams/index.ts'
import { onEachSecuredBroker, password, sessionMs, type Target, username } from './target.ts'
import { unsignedToken } from './tokens.ts'
import { startProgram } from '../integration/run.ts'

const wrongPassword = 'wr0ng-guess'
const passwordMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

onEachSecuredBroker(suite)

function suite(target: Target): void {
  describe('SASL over TLS', () => {
    for (const mechanism of passwordMechanisms) {
      it(`lets a client in that knows its password for ${mechanism}`, async () => {
        await uses(target.broker.sasl, { mechanism, username, password })
      })

      it(`refuses a wrong password for ${mechanism}, and repeats it nowhere`, async () => {
        const error = await failureOf(target.broker.sasl, { mechanism, username, password: wrongPassword })

        assertIs(error, 'KAFKA_AUTHENTICATION_FAILED', mechanism)
        assert.doesNotMatch(inspect(error, { depth: Infinity, showHidden: true }), new RegExp(wrongPassword))
      })

      it(`refuses a user that nobody knows for ${mechanism}`, async () => {
        const error = await failureOf(target.broker.sasl, { mechanism, username: 'mallory', password })

        assertIs(error, 'KAFKA_AUTHENTICATION_FAILED', mechanism)
      })
    }

    it('lets a client in that has a token', async () => {
      await uses(target.broker.sasl, { mechanism: 'OAUTHBEARER', token: () => unsignedToken(username, 60_000) })
    })

    it('refuses a token that has expired, and repeats it nowhere', async () => {
      const token = unsignedToken(username, -60_000)

      const error = await failureOf(target.broker.sasl, { mechanism: 'OAUTHBEARER', token })

      assertIs(error, 'KAFKA_AUTHENTICATION_FAILED', 'OAUTHBEARER', 'invalid_token')
      assert.ok(!inspect(error, { depth: Infinity, showHidden: true }).includes(token))
    })

    it('says which mechanisms there are where another one is asked for', async () => {
      const error = await failureOf(target.broker.sessions, { mechanism: 'PLAIN', username, password })

      assertIs(error, 'KAFKA_AUTHENTICATION_FAILED', 'PLAIN', 'SCRAM-SHA-512')
    })

    it('fails for a client that does not say who it is', async () => {
      assertIs(await failureOf(target.broker.sasl, false), 'KAFKA_CONNECTION_FAILED')
    })
  })

  describe('sessions', { concurrency: true }, () => {
    const outlivesSessions = async (bootstrapServers: string, sasl: SaslOptions) => {
      await using cluster = open(bootstrapServers, sasl)
      const name = `security-${randomUUID()}`
      await createTopics(cluster, [{ name, partitionCount: 1 }])
      const topic = await cluster.topicWhenReady(name)
      const connection = await cluster.connection(topic.partitions[0]!.leader, 'test')
      const endMs = systemClock.monotonicMs() + 2.3 * sessionMs
      let count = 0
      const poll = async () => {
        for (; systemClock.monotonicMs() < endMs; count++) await longPoll(connection, topic.id)
      }
      // A broker breaks the connection over the first request after the end of a session.
      await Promise.all([poll(), poll()])
      return count
    }

    it('are renewed in time while fetches are in flight', async () => {
      const count = await outlivesSessions(target.broker.sessions, { mechanism: 'SCRAM-SHA-512', username, password })

      assert.ok(count > 10, `${count} fetches`)
    })

    it('are renewed with a new token each', async () => {
      let asked = 0
      const token = () => {
        asked++
        return Promise.resolve(unsignedToken(username, sessionMs))
      }

      await outlivesSessions(target.broker.sasl, { mechanism: 'OAUTHBEARER', token })

      // Two connections: one of them lives through two sessions and a part of a third.
      assert.ok(asked >= 4, `${asked} tokens`)
    })
  })

  describe('TLS', () => {
    const tlsFailure = (bootstrapServers: string, tls: TlsOptions | boolean) =>
      failureOf(bootstrapServers, false, { tls })

    it('is spoken by clients that show a certificate the broker knows', async () => {
      const { ca, client } = target.certificates

      await uses(target.broker.mutual, false, { tls: { ca, ...client } })
    })

    it('fails where the broker has a certificate of an authority that is not known here', async () => {
      const error = await tlsFailure(target.broker.mutual, true)

      assertIs(error, 'KAFKA_TLS_FAILED', 'give that authority as tls.ca')
    })

    it('fails where the certificate of the broker has expired', async () => {
      const error = await tlsFailure(target.broker.expired, { ca: target.certificates.ca })

      assertIs(error, 'KAFKA_TLS_FAILED', 'has expired')
    })

    it('fails where the certificate of the broker bears another name', async () => {
      const { ca } = target.certificates

      const error = await tlsFailure(target.broker.sasl, { ca, servername: 'elsewhere.example' })

      assertIs(error, 'KAFKA_TLS_FAILED', 'tls.servername')
    })

    it('fails for a client without the certificate that the broker asks for', async () => {
      const error = await tlsFailure(target.broker.mutual, { ca: target.certificates.ca })

      assertIs(error, 'KAFKA_TLS_FAILED', 'tls.cert')
    })

    it('fails for a client whose certificate the broker does not know', async () => {
      const { ca, stranger } = target.certificates

      // Kafka says why before it closes the connection, the embedded broker, which is of Node.js, does not.
      assert.ok(MillraceError.is(await tlsFailure(target.broker.mutual, { ca, ...stranger })))
    })

    it('takes any broker only where the program says so', async () => {
      await uses(target.broker.expired, false, { tls: { rejectUnauthorized: false } })
    })
  })

  describe('a program', () => {
    it('runs over secured connections', async () => {
      const name = `security-${randomUUID()}`
      const [source, sink] = [`${name}.source`, `${name}.sink`]
      const { ca } = target.certificates
      await using cluster = open(target.broker.sasl, { mechanism: 'SCRAM-SHA-256', username, password })
      await createTopics(
        cluster,
        [source, sink].map((topic) => ({ name: topic, partitionCount: 1 })),
      )
      await cluster.topicWhenReady(source)
      await produceWithKafkajs(target, source, ['{"stage":"A","id":1}', '{"stage":"B","id":1}'])
      const program = topology(name)
        .source(source)
        .route('by-stage', field('stage'), { A: stage(), B: stage() })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink(sink)

      await using app = await startProgram(program, {
        bootstrapServers: target.broker.sasl,
        tls: { ca },
        sasl: { mechanism: 'PLAIN', username, password },
        logger: { debug() {}, info() {}, warn() {}, error() {} },
      })
      await app.caughtUp

      assert.equal(app.report().mergedRecords, 1)
    })
  })

  type Extra = Partial<ClusterOptions>

  /** A client of the broker, which trusts the authority of the tests. */
  function open(bootstrapServers: string, sasl: SaslOptions | false, extra: Extra = {}) {
    const tls = { ca: target.certificates.ca }
    const cluster = new Cluster({ bootstrapServers, tls, sasl, retryMs: 500, ...extra })
    return Object.assign(cluster, { [Symbol.asyncDispose]: () => cluster.close() })
  }

  /** Fails unless a client can write to the broker, and read from it. */
  async function uses(bootstrapServers: string, sasl: SaslOptions | false, extra: Extra = {}): Promise<void> {
    await using cluster = open(bootstrapServers, sasl, { retryMs: 20_000, ...extra })
    const name = `security-${randomUUID()}`
    await createTopics(cluster, [{ name, partitionCount: 2 }])
    const topic = await cluster.topicWhenReady(name)
    assert.deepEqual(await listOffsets(cluster, topic, 'latest'), [0, 0])
  }

  async function failureOf(bootstrapServers: string, sasl: SaslOptions | false, extra: Extra = {}): Promise<unknown> {
    await using cluster = open(bootstrapServers, sasl, extra)
    return await cluster.topics([]).then(
      () => assert.fail('the client was let in'),
      (error: unknown) => error,
    )
  }
}

function assertIs(error: unknown, code: ErrorCode, ...words: string[]): void {
  assert.ok(MillraceError.is(error), inspect(error))
  assert.equal(error.code, code, error.message)
  for (const word of words) assert.ok(error.message.includes(word), error.message)
}

/** Asks for records that do not come, so that the broker holds the answer back. */
async function longPoll(connection: Connection, topicId: string): Promise<void> {
  const uuid = Buffer.from(topicId.replaceAll('-', ''), 'hex').toString('base64url')
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_024 }]
  const response = await connection.ask(apis.fetch, {
    maxWaitMs: 100,
    minBytes: 1,
    maxBytes: 1_024,
    isolationLevel: 0,
    topics: [{ topicId: uuid, partitions }],
  })
  assert.deepEqual([response.errorCode, response.responses[0]!.partitions[0]!.errorCode], [0, 0])
}

async function produceWithKafkajs({ broker, certificates }: Target, topic: string, values: string[]): Promise<void> {
  const kafka = new Kafka({
    brokers: [broker.sasl],
    ssl: { ca: certificates.ca },
    sasl: { mechanism: 'scram-sha-512', username, password },
    logLevel: logLevel.NOTHING,
  })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value })) })
  await producer.disconnect()
}
