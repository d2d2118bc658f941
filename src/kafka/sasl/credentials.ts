import { type Clock, sleep } from '../../core/clock.ts'
import { KafkaError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import type { Place } from '../network/connection-failure.ts'
import type { PasswordSasl, SaslOptions, TokenProvider } from './options.ts'

/** What one authentication proves a client by. */
export type Credentials = PasswordCredentials | TokenCredentials

export interface PasswordCredentials {
  readonly mechanism: PasswordSasl['mechanism']
  readonly username: string
  readonly password: Secret
}

export interface TokenCredentials {
  readonly mechanism: 'OAUTHBEARER'
  readonly token: Secret
}

/** How long a function may take to provide a token: requests wait for it. */
const tokenMsMax = 30_000

/**
 * Asks for the token, or reads the file of the secret, before anything is sent, since a broker does not wait long in
 * the middle of an exchange.
 *
 * @throws KafkaError `KAFKA_TOKEN_UNAVAILABLE`
 */
export async function readCredentials(place: Place, sasl: SaslOptions, clock: Clock): Promise<Credentials> {
  const { mechanism } = sasl
  if (mechanism !== 'OAUTHBEARER') {
    return { mechanism, username: sasl.username, password: readSecret(place, sasl.password) }
  }
  const { token } = sasl
  return {
    mechanism,
    token: typeof token === 'function' ? await askForToken(place, token, clock) : readSecret(place, token),
  }
}

async function askForToken({ host, port }: Place, provider: TokenProvider, clock: Clock): Promise<Secret> {
  const settled = new AbortController()
  const refuse = () => {
    throw new Error(`it took more than ${tokenMsMax} ms`)
  }
  try {
    const given = (async () => provider())()
    return Secret.of(await Promise.race([given, sleep(clock, tokenMsMax, settled.signal).then(refuse)]))
  } catch (cause) {
    const message = `broker ${host}:${port}: the function that provides the SASL token failed`
    throw new KafkaError('KAFKA_TOKEN_UNAVAILABLE', message, { host, port }, cause)
  } finally {
    settled.abort()
  }
}

/** The secret itself, or the present content of its file. */
function readSecret({ host, port }: Place, given: string | Secret): Secret {
  try {
    return new Secret(Secret.of(given).reveal())
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException
    const message = `broker ${host}:${port}: the file with the secret for SASL cannot be read: ${code}`
    throw new KafkaError('KAFKA_TOKEN_UNAVAILABLE', message, { host, port }, cause)
  }
}
