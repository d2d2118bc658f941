import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'

export type ScramHash = 'sha256' | 'sha512'

/** What is kept of a password: enough to check a proof of it, not enough to make one. @see RFC 5802, section 3 */
export interface Credential {
  readonly hash: ScramHash
  readonly salt: Uint8Array
  readonly iterations: number
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** The fewest that Kafka allows, because tests wait for them. */
const iterations = 4096

export function deriveCredential(hash: ScramHash, password: string, salt: Uint8Array): Credential {
  const keyBytes = hash === 'sha256' ? 32 : 64
  const salted = pbkdf2Sync(password, salt, iterations, keyBytes, hash)
  const clientKey = createHmac(hash, salted).update('Client Key').digest()
  return {
    hash,
    salt,
    iterations,
    storedKey: createHash(hash).update(clientKey).digest(),
    serverKey: createHmac(hash, salted).update('Server Key').digest(),
  }
}

/** Whether a password is the one that a credential was derived from. */
export function isPasswordOf({ hash, salt, storedKey }: Credential, password: string): boolean {
  return timingSafeEqual(deriveCredential(hash, password, salt).storedKey, storedKey)
}

/** Whether a proof over `message` was made with the password. */
export function isProofOf({ hash, storedKey }: Credential, message: string, proof: Buffer): boolean {
  const signature = createHmac(hash, storedKey).update(message).digest()
  if (proof.length !== signature.length) return false
  const clientKey = signature.map((byte, at) => byte ^ proof[at]!)
  return timingSafeEqual(createHash(hash).update(clientKey).digest(), storedKey)
}

/** What shows the client that this side knows its password too. */
export function serverSignature({ hash, serverKey }: Credential, message: string): string {
  return createHmac(hash, serverKey).update(message).digest('base64')
}
