import { isIP } from 'node:net'
import { ConfigError } from '../core/errors.ts'

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const portMax = 65_535

/**
 * Reads `host:port`, with an IPv6 address in brackets.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE`
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host !== undefined && port <= portMax) return { host, port }
  throw new ConfigError('CONFIG_INVALID_VALUE', `http is "${text}", but must be host:port, such as 127.0.0.1:9464`, {
    http: text,
  })
}

/** Whether only this machine reaches what listens there. */
export function isLoopback({ host }: ListenAddress): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}
