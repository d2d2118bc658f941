import { nothing, type Proven, type SaslContext, type SaslExchange, SaslRefused } from './mechanism.ts'

/**
 * Takes unsigned tokens (`"alg":"none"`), as Kafka does where it is set up without a validator: whoever says a name is
 * believed, which is enough for tests and for nothing else.
 *
 * @see RFC 7628; RFC 7515, appendix A.5
 */
export function* oauthBearer({ clock }: SaslContext): SaslExchange {
  const [, ...pairs] = (yield nothing).toString().split('\u0001')
  const token = pairs.find((pair) => pair.startsWith(bearer))?.slice(bearer.length)
  const proven = token === undefined ? undefined : readToken(token, clock.nowMs())
  if (proven === undefined) {
    // The client has to acknowledge the reason before it is told the outcome.
    yield Buffer.from('{"status":"invalid_token"}')
    throw new SaslRefused(
      'Authentication failed during authentication due to invalid credentials with SASL mechanism OAUTHBEARER',
    )
  }
  return proven
}

const bearer = 'auth=Bearer '

function readToken(token: string, nowMs: number): Proven | undefined {
  const [header, claims, signature, ...rest] = token.split('.')
  const { alg } = readPart(header)
  const { sub, exp } = readPart(claims)
  const isUnsigned = alg === 'none' && signature === '' && rest.length === 0
  if (!isUnsigned || typeof sub !== 'string' || sub === '' || typeof exp !== 'number') return undefined
  const expiresMs = exp * 1_000
  return expiresMs > nowMs ? { user: sub, reply: nothing, expiresMs } : undefined
}

function readPart(part = ''): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
