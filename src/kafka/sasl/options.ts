import { ConfigError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'

/** Who this client is, and how it proves it. */
export type SaslOptions = PasswordSasl | TokenSasl

/** A client that is known by a name and a password. */
export interface PasswordSasl extends CommonSasl {
  /** How the password is proved: SCRAM does not send it. */
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  /** The name that the broker knows. */
  readonly username: string
  /** Its password; a `Secret` shows it to nothing that prints, and may be read from a file. */
  readonly password: string | Secret
}

/** A client that is known by a token. */
export interface TokenSasl extends CommonSasl {
  /** The token itself is sent. */
  readonly mechanism: 'OAUTHBEARER'
  /**
   * The token, or a function that provides it. A function is asked anew for every authentication, so that tokens may
   * expire.
   */
  readonly token: string | Secret | TokenProvider
}

interface CommonSasl {
  /** Allows PLAIN and OAUTHBEARER, which send the secret itself, without TLS. @defaultValue false */
  readonly allowPlaintext?: boolean
}

/** Provides a token, each time that one is needed. */
export type TokenProvider = () => string | Secret | Promise<string | Secret>

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
