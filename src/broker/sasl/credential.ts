import { createHash, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import {
  exclusiveOr,
  type ScramHash,
  scramIterationsMin,
  scramKeyBytes,
  scramKeys,
  scramSignature,
} from '../../protocol/index.ts'

/** What is kept of a password: enough to check a proof of it, not enough to make one. @see RFC 5802, section 3 */
export interface Credential {
  readonly hash: ScramHash
  readonly salt: Uint8Array
  readonly iterations: number
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

export function deriveCredential(hash: ScramHash, password: string, salt: Uint8Array): Credential {
  // The fewest, because tests wait for them.
  const iterations = scramIterationsMin
  const { storedKey, serverKey } = scramKeys(hash, pbkdf2Sync(password, salt, iterations, scramKeyBytes[hash], hash))
  return { hash, salt, iterations, storedKey, serverKey }
}

/** Whether a password is the one that a credential was derived from. */
export function isPasswordOf({ hash, salt, storedKey }: Credential, password: string): boolean {
  return timingSafeEqual(deriveCredential(hash, password, salt).storedKey, storedKey)
}

/** Whether a proof over `message` was made with the password. */
export function isProofOf({ hash, storedKey }: Credential, message: string, proof: Buffer): boolean {
  const signature = scramSignature(hash, storedKey, message)
  if (proof.length !== signature.length) return false
  const clientKey = exclusiveOr(signature, proof)
  return timingSafeEqual(createHash(hash).update(clientKey).digest(), storedKey)
}

/** What shows the client that this side knows its password too. */
export function serverSignature({ hash, serverKey }: Credential, message: string): string {
  return scramSignature(hash, serverKey, message).toString('base64')
}
