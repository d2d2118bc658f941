import type { Clock } from '../../core/clock.ts'
import { KafkaError } from '../../core/errors.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import { type Api, errorCode, errorName, type RequestInputOf, type ResponseOf } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import type { Place } from '../network/connection-failure.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { type SaslExchange, SaslFailed } from './exchange.ts'
import { oauthBearer } from './oauth-bearer.ts'
import type { SaslOptions } from './options.ts'
import { plain } from './plain.ts'
import { scram } from './scram.ts'

/** The part of a connection that authentication needs. */
export interface SaslPeer extends Place {
  ask<A extends Api>(api: A, request: RequestInputOf<A>): Promise<ResponseOf<A>>
}

/**
 * Authenticates a connection; also one that is authenticated already, before its session ends (KIP-368).
 *
 * @returns How long the session lasts in milliseconds, 0 for as long as the connection.
 * @throws KafkaError `KAFKA_AUTHENTICATION_FAILED`, `KAFKA_TOKEN_UNAVAILABLE`, or what the connection failed with.
 */
export async function authenticate(peer: SaslPeer, sasl: SaslOptions, clock: Clock): Promise<number> {
  const credentials = await readCredentials(peer, sasl, clock)
  try {
    await handshake(peer, sasl.mechanism)
    return await prove(peer, exchangeOf(credentials, systemRandom))
  } catch (error) {
    if (!(error instanceof SaslFailed)) throw error
    const { host, port } = peer
    const { mechanism } = sasl
    const message = `broker ${host}:${port}: SASL ${mechanism} failed: ${error.message}`
    throw new KafkaError('KAFKA_AUTHENTICATION_FAILED', message, { host, port, mechanism }, error)
  }
}

async function handshake(peer: SaslPeer, mechanism: string): Promise<void> {
  const { errorCode: code, mechanisms } = await peer.ask(apis.saslHandshake, { mechanism })
  if (code === errorCode.none) return
  throw new SaslFailed(mechanisms.length === 0 ? errorName(code) : `the listener takes ${mechanisms.join(', ')}`)
}

/** Exchanges messages until both sides know enough; the last answer says how long the session lasts. */
async function prove(peer: SaslPeer, exchange: SaslExchange): Promise<number> {
  let lifetimeMs = 0
  let step = await exchange.next()
  while (step.done !== true) {
    const answer = await peer.ask(apis.saslAuthenticate, { authBytes: step.value })
    if (answer.errorCode !== errorCode.none) throw new SaslFailed(answer.errorMessage || errorName(answer.errorCode))
    lifetimeMs = answer.sessionLifetimeMs
    step = await exchange.next(answer.authBytes)
  }
  return lifetimeMs
}

function exchangeOf(credentials: Credentials, random: Random): SaslExchange {
  switch (credentials.mechanism) {
    case 'PLAIN':
      return plain(credentials)
    case 'SCRAM-SHA-256':
      return scram('sha256', credentials, newNonce(random))
    case 'SCRAM-SHA-512':
      return scram('sha512', credentials, newNonce(random))
    case 'OAUTHBEARER':
      return oauthBearer(credentials)
  }
}

/** 128 bits of chance. */
function newNonce(random: Random): string {
  return Buffer.from(Uint32Array.from({ length: 4 }, () => random.nextUint32()).buffer).toString('base64url')
}
