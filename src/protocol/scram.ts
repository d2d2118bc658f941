/**
 * What both sides of SCRAM compute. Names and passwords are taken as UTF-8 without SASLprep, as Kafka does.
 *
 * @see RFC 5802, section 3; RFC 7677
 */
import { createHash, createHmac } from 'node:crypto'

export type ScramHash = 'sha256' | 'sha512'

/** Bytes of a hash, and of the keys that are made by it. */
export const scramKeyBytes: Readonly<Record<ScramHash, number>> = { sha256: 32, sha512: 64 }

/** The fewest that Kafka allows. */
export const scramIterationsMin = 4_096

export interface ScramKeys {
  /** Known to the client alone. */
  readonly clientKey: Buffer
  /** The hash of the client key. */
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** @param saltedPassword - PBKDF2 of the password, as long as the hash. */
export function scramKeys(hash: ScramHash, saltedPassword: Uint8Array): ScramKeys {
  const clientKey = scramSignature(hash, saltedPassword, 'Client Key')
  return {
    clientKey,
    storedKey: createHash(hash).update(clientKey).digest(),
    serverKey: scramSignature(hash, saltedPassword, 'Server Key'),
  }
}

/** Signs a text: the messages of an exchange, joined by commas, as each side's last one wants. */
export function scramSignature(hash: ScramHash, key: Uint8Array, text: string): Buffer {
  return createHmac(hash, key).update(text).digest()
}

/** Hides a key after a signature of the same length, or finds it again. */
export function exclusiveOr(bytes: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, at) => byte ^ other[at]!))
}

/** A user name as messages spell it, in which commas separate and equals signs assign. */
export function encodeScramName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

export function decodeScramName(spelling: string): string {
  return spelling.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
