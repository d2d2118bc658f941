import {
  type API,
  type Connection as LibraryConnection,
  saslAuthenticateV2,
  saslHandshakeV1,
  saslOAuthBearer,
  saslPlain,
  saslScramSha,
} from '@platformatic/kafka'
import { type Clock, sleep } from '../core/clock.ts'
import { ConfigError, MillraceError, KafkaError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { brokerCodesOf, brokerErrorName } from './broker-error.ts'

/** Who this client is, and how it proves it. */
export type SaslOptions = PasswordSasl | TokenSasl

export interface PasswordSasl extends CommonSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: string | Secret
}

export interface TokenSasl extends CommonSasl {
  readonly mechanism: 'OAUTHBEARER'
  /** A function is asked anew for every authentication, so that tokens may expire. */
  readonly token: string | Secret | TokenProvider
}

interface CommonSasl {
  /** Allows PLAIN and OAUTHBEARER, which send the secret itself, without TLS. @defaultValue false */
  readonly allowPlaintext?: boolean
}

export type TokenProvider = () => string | Secret | Promise<string | Secret>

type SaslAuthenticateApi = typeof saslAuthenticateV2.api
type SaslAuthenticateResponse = ReturnType<typeof saslAuthenticateV2.parseResponse>

/** The part of a connection that authentication needs. */
export interface SaslPeer {
  readonly host: string
  readonly port: number
  call<Arguments extends unknown[], Response>(api: API<Arguments, Response>, ...args: Arguments): Promise<Response>
}

/** A broker that is not the right one could keep this machine busy with more. */
const scramIterationsMax = 1_000_000

/** How long a function may take to provide a token: requests wait for it. */
const tokenMsMax = 30_000

/** The same options with their secrets hidden from everything that prints. */
export function concealSecrets(sasl: SaslOptions): SaslOptions {
  if (sasl.mechanism !== 'OAUTHBEARER') return { ...sasl, password: Secret.of(sasl.password) }
  return typeof sasl.token === 'function' ? sasl : { ...sasl, token: Secret.of(sasl.token) }
}

/**
 * Keeps secrets from being sent where anyone can read them.
 *
 * @throws ConfigError `CONFIG_SECRET_UNPROTECTED`
 */
export function refuseUnprotected({ mechanism, allowPlaintext = false }: SaslOptions, isEncrypted: boolean): void {
  if (isEncrypted || allowPlaintext || mechanism.startsWith('SCRAM-')) return
  throw new ConfigError(
    'CONFIG_SECRET_UNPROTECTED',
    `SASL ${mechanism} sends the secret itself; use TLS or SCRAM, or say sasl.allowPlaintext where the network is trusted`,
    { mechanism },
  )
}

/**
 * Authenticates a connection; also one that is authenticated already, before its session ends (KIP-368).
 *
 * @returns How long the session lasts in milliseconds, 0 for as long as the connection.
 * @throws KafkaError `KAFKA_AUTHENTICATION_FAILED`, `KAFKA_TOKEN_UNAVAILABLE`, or what the connection failed with.
 */
export async function authenticate(peer: SaslPeer, options: SaslOptions, clock: Clock): Promise<number> {
  const sasl = await withToken(peer, options, clock)
  try {
    await handshake(peer, sasl.mechanism)
    const { sessionLifetimeMs } = await prove(peer, sasl)
    return Number(sessionLifetimeMs)
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

async function prove(peer: SaslPeer, sasl: PasswordSasl | TokenAtHand): Promise<SaslAuthenticateResponse> {
  switch (sasl.mechanism) {
    case 'PLAIN': {
      const { username, password } = sasl
      return exchange(peer, (step, connection) =>
        saslPlain.authenticate(step, connection, username, Secret.of(password).reveal()),
      )
    }
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      const { username, password } = sasl
      const algorithm = sasl.mechanism === 'SCRAM-SHA-256' ? 'SHA-256' : 'SHA-512'
      return exchange(peer, (step, connection) =>
        saslScramSha.authenticate(step, connection, algorithm, username, Secret.of(password).reveal(), scramCrypto),
      )
    }
    case 'OAUTHBEARER': {
      const response = await exchange(peer, (step, connection) =>
        saslOAuthBearer.authenticate(step, connection, sasl.token.reveal(), {}),
      )
      // A refused token is answered by a reason in JSON, an accepted one by nothing.
      if (response.authBytes.length > 0) throw refusal(peer, sasl.mechanism, response.authBytes.toString())
      return response
    }
  }
}

const scramCrypto: typeof saslScramSha.defaultCrypto = {
  ...saslScramSha.defaultCrypto,
  async hi(definition, password, salt, iterations) {
    if (iterations > scramIterationsMax) throw new Error(`the broker asks for ${iterations} iterations`)
    return saslScramSha.hi(definition, password, salt, iterations)
  },
}

type TokenAtHand = Omit<TokenSasl, 'token'> & { readonly token: Secret }

/** Asks for the token, or reads the file, before anything is sent, since a broker does not wait long in the middle. */
async function withToken(peer: SaslPeer, sasl: SaslOptions, clock: Clock): Promise<PasswordSasl | TokenAtHand> {
  if (sasl.mechanism !== 'OAUTHBEARER') return { ...sasl, password: atHand(peer, sasl.password) }
  const { token } = sasl
  if (typeof token !== 'function') return { ...sasl, token: atHand(peer, token) }
  const settled = new AbortController()
  const refuse = () => {
    throw new Error(`it took more than ${tokenMsMax} ms`)
  }
  try {
    const given = (async () => token())()
    return {
      ...sasl,
      token: Secret.of(await Promise.race([given, sleep(clock, tokenMsMax, settled.signal).then(refuse)])),
    }
  } catch (cause) {
    const { host, port } = peer
    const message = `broker ${host}:${port}: the function that provides the SASL token failed`
    throw new KafkaError('KAFKA_TOKEN_UNAVAILABLE', message, { host, port }, cause)
  } finally {
    settled.abort()
  }
}

/** What a file says by now. */
function atHand({ host, port }: SaslPeer, given: string | Secret): Secret {
  try {
    return new Secret(Secret.of(given).reveal())
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException
    const message = `broker ${host}:${port}: the file with the secret for SASL cannot be read: ${code}`
    throw new KafkaError('KAFKA_TOKEN_UNAVAILABLE', message, { host, port }, cause)
  }
}

/** Runs a mechanism of the library, whose messages go out by `step`. */
function exchange(
  peer: SaslPeer,
  run: (step: SaslAuthenticateApi, connection: LibraryConnection) => Promise<SaslAuthenticateResponse>,
): Promise<SaslAuthenticateResponse> {
  return new Promise((resolve, reject) => {
    type Callback = (error: null, response: SaslAuthenticateResponse) => void
    const step = (_connection: unknown, message: Buffer, callback: Callback) => {
      const answered = peer.call(saslAuthenticateV2.api, message)
      // The mechanism would wrap what failed, and what it throws over a strange answer would reach nobody.
      answered.then((response) => callback(null, response)).catch(reject)
    }
    run(step as unknown as SaslAuthenticateApi, peer as unknown as LibraryConnection).then(resolve, reject)
  })
}

function refusal({ host, port }: SaslPeer, mechanism: string, what: string, cause?: unknown): KafkaError {
  const message = `broker ${host}:${port}: SASL ${mechanism} failed: ${what}`
  return new KafkaError('KAFKA_AUTHENTICATION_FAILED', message, { host, port, mechanism }, cause)
}

/** What the broker gives as its reason, else the name of its error, else what the mechanism found wrong. */
function brokerMessage(error: unknown): string {
  const { response, cause } = error as { response?: { errorMessage?: string | null }; cause?: unknown }
  if (response?.errorMessage) return response.errorMessage
  const [code] = brokerCodesOf(error)
  if (code !== undefined) return brokerErrorName(code)
  return (cause instanceof Error ? cause : (error as Error)).message
}
