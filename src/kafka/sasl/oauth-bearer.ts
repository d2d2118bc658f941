import type { TokenCredentials } from './credentials.ts'
import { type SaslExchange, SaslFailed } from './exchange.ts'

/** @see RFC 7628 */
export async function* oauthBearer({ token }: TokenCredentials): SaslExchange {
  const reason = yield Buffer.from(`n,,\u0001auth=Bearer ${token.reveal()}\u0001\u0001`)
  // A refused token is answered by a reason in JSON, an accepted one by nothing.
  if (reason.length > 0) throw new SaslFailed(reason.toString())
}
