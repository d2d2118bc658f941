import { decodeScramName, type ScramHash } from '../../protocol/index.ts'
import { newUuid } from '../uuid.ts'
import { isProofOf, serverSignature } from './credential.ts'
import { nothing, type SaslContext, type SaslExchange, SaslRefused } from './mechanism.ts'

const firstForm = /^(?<header>[ny],(?:a=(?<actAs>[^,]*))?,)(?<bare>n=(?<name>[^,]+),r=(?<nonce>[^,]+)(?:,.*)?)$/
const finalForm = /^(?<bare>c=(?<binding>[^,]+),r=(?<nonce>[^,]+)(?:,[^p][^,]*)*),p=(?<proof>[^,]+)$/

/** @see RFC 5802, sections 3 and 5 */
export function* scram(hash: ScramHash, { users, random }: SaslContext): SaslExchange {
  const mechanism = hash === 'sha256' ? 'SCRAM-SHA-256' : 'SCRAM-SHA-512'
  const refused = () =>
    new SaslRefused(
      `Authentication failed during authentication due to invalid credentials with SASL mechanism ${mechanism}`,
    )

  const first = firstForm.exec((yield nothing).toString())?.groups
  if (first === undefined) throw refused()
  const user = decodeScramName(first['name']!)
  const credential = users.get(user)?.[hash]
  if (credential === undefined || (first['actAs'] && first['actAs'] !== first['name'])) throw refused()

  const nonce = first['nonce']! + newUuid(random)
  const salt = Buffer.from(credential.salt).toString('base64')
  const challenge = `r=${nonce},s=${salt},i=${credential.iterations}`
  const final = finalForm.exec((yield Buffer.from(challenge)).toString())?.groups
  const binding = Buffer.from(first['header']!).toString('base64')
  if (final === undefined || final['nonce'] !== nonce || final['binding'] !== binding) throw refused()

  const signed = `${first['bare']},${challenge},${final['bare']}`
  if (!isProofOf(credential, signed, Buffer.from(final['proof']!, 'base64'))) throw refused()
  return { user, reply: Buffer.from(`v=${serverSignature(credential, signed)}`) }
}
