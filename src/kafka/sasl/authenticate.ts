import { type API, saslAuthenticateV2, saslHandshakeV1 } from '@platformatic/kafka'
import type { Clock } from '../../core/clock.ts'
import { KafkaError, MillraceError } from '../../core/errors.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import { brokerCodesOf, brokerErrorName } from '../broker-error.ts'
import type { Place } from '../connection-failure.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import type { SaslExchange } from './exchange.ts'
import { oauthBearer } from './oauth-bearer.ts'
import type { SaslOptions } from './options.ts'
import { plain } from './plain.ts'
import { scram } from './scram.ts'

/** The part of a connection that authentication needs. */
export interface SaslPeer extends Place {
  call<Arguments extends unknown[], Response>(api: API<Arguments, Response>, ...args: Arguments): Promise<Response>
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
    if (MillraceError.is(error)) throw error
    throw refusal(peer, sasl.mechanism, brokerMessage(error), error)
  }
}

async function handshake(peer: SaslPeer, mechanism: string): Promise<void> {
  try {
    await peer.call(saslHandshakeV1.api, mechanism)
  } catch (error) {
    const { response } = error as { response?: { mechanisms: string[] } }
    if (response === undefined || response.mechanisms.length === 0) throw error
    throw refusal(peer, mechanism, `the listener takes ${response.mechanisms.join(', ')}`, error)
  }
}

/** Exchanges messages until both sides know enough; the last answer says how long the session lasts. */
async function prove(peer: SaslPeer, exchange: SaslExchange): Promise<number> {
  let lifetimeMs = 0
  let step = await exchange.next()
  while (step.done !== true) {
    const { authBytes, sessionLifetimeMs } = await peer.call(saslAuthenticateV2.api, step.value)
    lifetimeMs = Number(sessionLifetimeMs)
    step = await exchange.next(authBytes)
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

function refusal({ host, port }: SaslPeer, mechanism: string, reason: string, cause: unknown): KafkaError {
  const message = `broker ${host}:${port}: SASL ${mechanism} failed: ${reason}`
  return new KafkaError('KAFKA_AUTHENTICATION_FAILED', message, { host, port, mechanism }, cause)
}

/** The reason that the broker gives, else the name of its error, else why the mechanism failed. */
function brokerMessage(error: unknown): string {
  const { response } = error as { response?: { errorMessage?: string | null } }
  if (response?.errorMessage) return response.errorMessage
  const [code] = brokerCodesOf(error)
  return code === undefined ? (error as Error).message : brokerErrorName(code)
}
