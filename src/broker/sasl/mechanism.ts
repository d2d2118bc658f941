import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { ScramHash } from '../../protocol/index.ts'
import type { Credential } from './credential.ts'

/** How clients may prove who they are. */
export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'

/** Credentials of all users, by name and hash. */
export type SaslUsers = ReadonlyMap<string, Readonly<Record<ScramHash, Credential>>>

/** What a mechanism may use. */
export interface SaslContext {
  readonly users: SaslUsers
  readonly clock: Clock
  readonly random: Random
}

/** The end of an exchange: who the client has proved to be. */
export interface Proven {
  readonly user: string
  readonly reply: Buffer
  /** When what was shown expires, in wall-clock milliseconds. */
  readonly expiresMs?: number
}

/**
 * The broker's side of a mechanism: it is sent the client's messages and yields the broker's. The first `next` only
 * gets it going. It throws `SaslRefused` for a client that is not who it says.
 */
export type SaslExchange = Generator<Buffer, Proven, Buffer>

/** The client has not proved who it is. The message goes to the client, as Kafka words it. */
export class SaslRefused extends Error {}

/** What is yielded where it is the client's turn and there is nothing to say. */
export const nothing = Buffer.alloc(0)
