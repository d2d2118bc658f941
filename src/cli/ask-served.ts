import { MillraceError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'

/** A process does not take longer to answer. */
const timeoutMs = 10_000

/**
 * Asks a running process over HTTP, at the address at which it serves.
 *
 * @throws MillraceError `HTTP_NOT_ANSWERED`
 */
export async function askServed(address: string, path: string, token: Secret | undefined): Promise<unknown> {
  const url = `http://${address}${path}`
  const refuse = (why: string, cause?: unknown) =>
    new MillraceError('HTTP_NOT_ANSWERED', `${url} was not answered: ${why}`, { url }, cause)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) }).catch((error: Error) => {
    const { cause } = error
    throw refuse(cause instanceof Error && cause.message !== '' ? cause.message : error.message, error)
  })
  if (!response.ok) throw refuse(`${response.status}: ${(await response.text()).trim()}`)
  return response.json()
}
