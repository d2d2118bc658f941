import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { suiteStack } from '../at-end.ts'

export const username = 'alice'
export const password = 'alice-5ecret'
/** How long a session lasts at the listener for it: Kafka lets nobody renew one more often than once a second. */
export const sessionMs = 1_500

/** A broker whose listeners are secured in different ways; all are `host:port`. */
export interface SecuredBroker extends AsyncDisposable {
  /** TLS, and SASL by any mechanism. */
  readonly sasl: string
  /** TLS, and SASL by SCRAM-SHA-512 alone, with sessions that end. */
  readonly sessions: string
  /** TLS, and the client needs a certificate as well. */
  readonly mutual: string
  /** TLS with a certificate that has expired. */
  readonly expired: string
}

/** What a suite is given; filled once its broker runs. */
export interface Target {
  readonly broker: SecuredBroker
  readonly certificates: Certificates
}

/** Runs the suite on the embedded broker, and on Apache Kafka where it can be started. */
export function onEachSecuredBroker(suite: (target: Target) => void): void {
  onBroker('embedded broker', false, startEmbedded, suite)
  onBroker('Apache Kafka', skipWithoutJava, startApacheKafka, suite)
}

function onBroker(
  name: string,
  skip: string | false,
  start: (certificates: Certificates) => Promise<SecuredBroker>,
  suite: (target: Target) => void,
): void {
  void describe(name, { skip }, () => {
    const target = {} as { broker: SecuredBroker; certificates: Certificates }
    const stack = suiteStack()
    before(async () => {
      target.certificates = makeCertificates()
      target.broker = stack.use(await start(target.certificates))
    })
    suite(target)
  })
}

/** The embedded broker has one listener, so it takes four of them. */
async function startEmbedded({ ca, broker: tls, expired }: Certificates): Promise<SecuredBroker> {
  await using brokers = new AsyncDisposableStack()
  const users = { [username]: password }
  const start = async (options: Parameters<typeof startBroker>[0]) =>
    brokers.use(await startBroker(options)).bootstrapServers
  const listeners = {
    sasl: await start({ tls, sasl: { users, mechanisms: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] } }),
    sessions: await start({ tls, sasl: { users, mechanisms: ['SCRAM-SHA-512'], sessionMsMax: sessionMs } }),
    mutual: await start({ tls: { ...tls, clientCa: ca } }),
    expired: await start({ tls: expired }),
  }
  const started = brokers.move()
  return { ...listeners, [Symbol.asyncDispose]: () => started.disposeAsync() }
}

async function startApacheKafka({ ca, broker, expired }: Certificates): Promise<SecuredBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-security-'))
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const modules = 'org.apache.kafka.common.security'
  const login = (listener: string, mechanism: string, module: string, options = '') => ({
    [`listener.name.${listener}.${mechanism}.sasl.jaas.config`]: `${modules}.${module} required ${options};`,
  })
  const kafka = await startQuickKafka({
    heapMb: 512,
    listeners: ['SASL', 'SESSIONS', 'MUTUAL', 'EXPIRED'],
    formatArguments: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
    properties: {
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,SESSIONS:SASL_SSL,MUTUAL:SSL,EXPIRED:SSL',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': await file('broker.pem', broker.key + broker.cert),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': await file('ca.pem', ca),
      'listener.name.mutual.ssl.client.auth': 'required',
      'listener.name.expired.ssl.keystore.type': 'PEM',
      'listener.name.expired.ssl.keystore.location': await file('expired.pem', expired.key + expired.cert),
      'listener.name.sasl.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'listener.name.sessions.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.sessions.scram-sha-512.connections.max.reauth.ms': String(sessionMs),
      ...login('sasl', 'plain', 'plain.PlainLoginModule', `user_${username}="${password}"`),
      ...login('sasl', 'scram-sha-256', 'scram.ScramLoginModule'),
      ...login('sasl', 'scram-sha-512', 'scram.ScramLoginModule'),
      ...login('sasl', 'oauthbearer', 'oauthbearer.OAuthBearerLoginModule'),
      ...login('sessions', 'scram-sha-512', 'scram.ScramLoginModule'),
    },
  })
  const { SASL, SESSIONS, MUTUAL, EXPIRED } = kafka.listeners
  return {
    sasl: SASL!,
    sessions: SESSIONS!,
    mutual: MUTUAL!,
    expired: EXPIRED!,
    async [Symbol.asyncDispose]() {
      await kafka[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}
