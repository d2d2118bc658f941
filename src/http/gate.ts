import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import type { Secret } from '../core/secret.ts'

/** What of a request decides whether it is served. */
export interface GateRequest {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** Whether it is for what tells of the program: not the page itself, nor whether the process lives. */
  readonly isGuarded: boolean
}

export interface Refusal {
  readonly status: 401 | 403
  readonly text: string
}

/**
 * Refuses what comes from pages of other sites, and whoever does not know the token. A browser tells by which name it
 * found the server, and from where a request comes; a page of another site can change neither.
 */
export class Gate {
  readonly #hosts: ReadonlySet<string>
  readonly #token: Secret | undefined

  /** @param hosts - Names under which the server may be called, besides IP addresses. */
  constructor(hosts: Iterable<string>, token: Secret | undefined) {
    this.#hosts = new Set(Array.from(hosts, (host) => host.toLowerCase()))
    this.#token = token
  }

  /** Undefined where the request may be served. */
  refuse({ method, headers, isGuarded }: GateRequest): Refusal | undefined {
    const { host = '', origin } = headers
    if (!this.#isNameKnown(host)) return forbid('this name is not one of httpHosts')
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`)
      return forbid('the request comes from a page of another site')
    if (!isGuarded) return undefined
    const site = headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      return forbid('the request comes from a page of another site')
    if (method === 'POST' && headers['x-millrace'] === undefined) return forbid('the header x-millrace is missing')
    return this.knows(headers) ? undefined : { status: 401, text: 'a bearer token is needed' }
  }

  /** Whether a request has the token, or none is needed. */
  knows({ authorization }: IncomingHttpHeaders): boolean {
    if (this.#token === undefined) return true
    const [, given] = /^Bearer (.+)$/i.exec(authorization ?? '') ?? []
    return given !== undefined && timingSafeEqual(digest(given), digest(this.#token.reveal()))
  }

  #isNameKnown(host: string): boolean {
    const name = host.replace(/:\d+$/, '').toLowerCase()
    return this.#hosts.has(name) || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
  }
}

function forbid(text: string): Refusal {
  return { status: 403, text }
}

/** Of equal length whatever is given, so that comparing takes the same time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
