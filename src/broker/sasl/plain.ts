import { isPasswordOf } from './credential.ts'
import { nothing, type SaslContext, type SaslExchange, SaslRefused } from './mechanism.ts'

/** @see RFC 4616 */
export function* plain({ users }: SaslContext): SaslExchange {
  const parts = (yield nothing).toString().split('\0')
  const [actAs, user, password] = parts
  if (parts.length !== 3 || !user || !password) throw new SaslRefused('Invalid SASL/PLAIN response')
  const known = users.get(user)
  if (known === undefined || !isPasswordOf(known.sha256, password)) {
    throw new SaslRefused('Authentication failed: Invalid username or password')
  }
  if (actAs !== '' && actAs !== user) {
    throw new SaslRefused('Authentication failed: Client requested an authorization id that is different from username')
  }
  return { user, reply: nothing }
}
