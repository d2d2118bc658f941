import { Admin } from '@platformatic/kafka'
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { makeCertificates } from './certificates.ts'
import { unsignedToken } from './tokens.ts'

const username = 'alice'
const password = 'alice-5ecret'

describe('the secured listener of the embedded broker', () => {
  const certificates = makeCertificates()
  const { ca } = certificates
  let broker: Broker
  before(async () => {
    broker = await startBroker({
      topics: [{ name: 'orders' }],
      tls: certificates.broker,
      sasl: {
        users: { [username]: password },
        mechanisms: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'],
        sessionMsMax: 60_000,
      },
    })
  })
  after(() => broker.stop())

  const token = () => Promise.resolve({ value: unsignedToken(username, 60_000) })
  const kafkajsOptions: SASLOptions[] = [
    { mechanism: 'plain', username, password },
    { mechanism: 'scram-sha-256', username, password },
    { mechanism: 'scram-sha-512', username, password },
    { mechanism: 'oauthbearer', oauthBearerProvider: token },
  ]
  for (const sasl of kafkajsOptions) {
    it(`serves kafkajs with ${sasl.mechanism}`, async () => {
      const producer = kafkajs({ sasl }).producer()
      await producer.connect()

      const [written] = await producer.send({ topic: 'orders', messages: [{ value: 'one' }] })

      await producer.disconnect()
      assert.equal(written!.errorCode, 0)
    })
  }

  it('serves kafkajs that authenticates anew before each request', async () => {
    // A threshold above the length of a session means that every session is about to end.
    const options = { sasl: kafkajsOptions[1]!, reauthenticationThreshold: 120_000 }
    const admin = kafkajs(options).admin()
    await admin.connect()

    const topics = [await admin.listTopics(), await admin.listTopics(), await admin.listTopics()]

    await admin.disconnect()
    assert.deepEqual(topics, [['orders'], ['orders'], ['orders']])
  })

  it('refuses kafkajs with a wrong password', async () => {
    const admin = kafkajs({ sasl: { mechanism: 'scram-sha-256', username, password: 'wrong' } }).admin()

    await assert.rejects(admin.connect(), { name: 'KafkaJSSASLAuthenticationError' })
    await admin.disconnect()
  })

  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
    it(`serves @platformatic/kafka with ${mechanism}`, async () => {
      const admin = new Admin({
        clientId: 'foreign',
        bootstrapBrokers: [broker.bootstrapServers],
        tls: { ca },
        sasl: { mechanism, username, password },
      })

      const topics = await admin.listTopics()

      await admin.close()
      assert.deepEqual(topics, ['orders'])
    })
  }

  function kafkajs(options: Partial<KafkaConfig>): Kafka {
    const brokers = [broker.bootstrapServers]
    return new Kafka({ brokers, ssl: { ca }, logLevel: logLevel.NOTHING, retry: { retries: 0 }, ...options })
  }
})
