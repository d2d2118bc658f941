import type { Random } from '../../core/random.ts'
import { newUuid } from '../uuid.ts'
import { deriveCredential } from './credential.ts'
import { type SaslMechanism, type SaslUsers } from './mechanism.ts'

/**
 * How clients of the embedded broker prove who they are. Without an `authorizer`, all that are proved may do
 * everything.
 */
export interface BrokerSasl {
  /** Passwords by user name, for PLAIN and SCRAM. */
  readonly users?: Readonly<Record<string, string>>
  /**
   * OAUTHBEARER believes unsigned tokens, so it is on only where it is named.
   * @defaultValue PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512
   */
  readonly mechanisms?: readonly SaslMechanism[]
  /** As `connections.max.reauth.ms`: how long until a client must prove it again. @defaultValue 0, which is never */
  readonly sessionMsMax?: number
}

/** What the broker's thread is given: nothing in it is a password. */
export interface SaslSettings {
  readonly users: SaslUsers
  readonly mechanisms: readonly SaslMechanism[]
  readonly sessionMsMax: number
}

const standardMechanisms: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']

export function saslSettings(
  { users = {}, mechanisms = standardMechanisms, sessionMsMax = 0 }: BrokerSasl,
  random: Random,
): SaslSettings {
  const credentials = Object.entries(users).map(([name, password]) => {
    const salt = Buffer.from(newUuid(random), 'base64url')
    const scram = {
      sha256: deriveCredential('sha256', password, salt),
      sha512: deriveCredential('sha512', password, salt),
    }
    return [name, scram] as const
  })
  return { users: new Map(credentials), mechanisms, sessionMsMax }
}
