import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import {
  encodeScramName,
  exclusiveOr,
  type ScramHash,
  scramIterationsMin,
  scramKeyBytes,
  scramKeys,
  scramSignature,
} from '../../protocol/index.ts'
import type { PasswordCredentials } from './credentials.ts'
import { type SaslExchange, SaslFailed } from './exchange.ts'

/** No authorization id, no channel binding. */
const header = 'n,,'
const challengeForm = /^r=(?<nonce>[^,]+),s=(?<salt>[^,]+),i=(?<iterations>[1-9]\d*)(?:,.*)?$/
const outcomeForm = /^(?:e=(?<error>[^,]+)|v=(?<signature>[^,]+))(?:,.*)?$/

/** An impostor could keep this machine busy with more. */
const iterationsMax = 1_000_000

const derive = promisify(pbkdf2)

/**
 * The password itself is not sent, and the broker shows that it knows it too.
 *
 * @param ownNonce - Text without commas that nobody can predict.
 * @see RFC 5802, sections 3, 5 and 7
 */
export async function* scram(
  hash: ScramHash,
  { username, password }: PasswordCredentials,
  ownNonce: string,
): SaslExchange {
  const first = `n=${encodeScramName(username)},r=${ownNonce}`
  const challenge = (yield Buffer.from(header + first)).toString()

  const { nonce, salt, iterations } = readChallenge(challenge, ownNonce)
  const salted = await derive(password.reveal(), salt, iterations, scramKeyBytes[hash], hash)
  const { clientKey, storedKey, serverKey } = scramKeys(hash, salted)
  const last = `c=${Buffer.from(header).toString('base64')},r=${nonce}`
  const signed = `${first},${challenge},${last}`
  const proof = exclusiveOr(clientKey, scramSignature(hash, storedKey, signed)).toString('base64')
  const outcome = (yield Buffer.from(`${last},p=${proof}`)).toString()

  checkOutcome(outcome, scramSignature(hash, serverKey, signed))
}

function readChallenge(challenge: string, ownNonce: string) {
  const fields = challengeForm.exec(challenge)?.groups
  if (fields === undefined) throw new SaslFailed('the broker sent a challenge that cannot be read')
  const { nonce, salt, iterations } = fields as Record<'nonce' | 'salt' | 'iterations', string>
  // The broker's own part makes the exchange another one than any that was overheard.
  if (!nonce.startsWith(ownNonce) || nonce.length === ownNonce.length) {
    throw new SaslFailed("the broker's nonce does not extend that of the client")
  }
  const count = Number(iterations)
  if (count < scramIterationsMin || count > iterationsMax) {
    throw new SaslFailed(
      `the broker asks for ${iterations} iterations; ${scramIterationsMin} to ${iterationsMax} are allowed`,
    )
  }
  return { nonce, salt: Buffer.from(salt, 'base64'), iterations: count }
}

function checkOutcome(outcome: string, expected: Buffer): void {
  const { error, signature } = outcomeForm.exec(outcome)?.groups ?? {}
  if (error !== undefined) throw new SaslFailed(error)
  const given = Buffer.from(signature ?? '', 'base64')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new SaslFailed('Invalid server signature: the broker does not know the password')
  }
}
