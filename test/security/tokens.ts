import { systemClock } from '../../src/core/clock.ts'

/** An unsigned token, as the embedded broker and a Kafka without a validator take it. */
export function unsignedToken(user: string, lifetimeMs: number): string {
  const nowSeconds = systemClock.nowMs() / 1_000
  const claims = { sub: user, iat: nowSeconds, exp: nowSeconds + lifetimeMs / 1_000 }
  const [header, payload] = [{ alg: 'none' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  return `${header}.${payload}.`
}
