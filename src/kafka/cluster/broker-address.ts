import { ConfigError } from '../../core/errors.ts'

/** Where a broker is, as far as that is known. */
export interface Broker {
  readonly host: string
  readonly port: number
  /** Of one that another has named, as is `advertisedBy`. */
  readonly nodeId?: number
  /** Address of the broker that has named it. */
  readonly advertisedBy?: string
}

export function addressOf({ host, port }: { host: string; port: number }): string {
  return `${host}:${port}`
}

/** @throws ConfigError `CONFIG_INVALID_VALUE` */
export function parseServers(bootstrapServers: string): Broker[] {
  const servers = bootstrapServers.split(',').map((server) => server.trim())
  // A list that is put together often ends with the separator.
  if (servers.length > 1 && servers.at(-1) === '') servers.pop()
  return servers.map((server) => {
    const match = /^\[?([^\]\s]+?)\]?:(\d{1,5})$/.exec(server)
    const port = Number(match?.[2])
    const [, protocol, rest] = /^(\w+):\/\/(.*)$/.exec(server) ?? []
    if (protocol !== undefined) throw notAnAddress(server, hasProtocol(protocol, rest!))
    if (match === null || port === 0 || port > 65_535) throw notAnAddress(server, 'is not host:port')
    return { host: match[1]!, port }
  })
}

/** Brokers write their listeners in this way. */
function hasProtocol(protocol: string, address: string): string {
  const security = /SSL/i.test(protocol) ? 'TLS is asked for by tls' : 'what is in front says nothing to clients'
  const sasl = /SASL/i.test(protocol) ? ', who this client is by sasl' : ''
  return `names a protocol as the settings of brokers do; give "${address}", ${security}${sasl}`
}

function notAnAddress(server: string, why: string): ConfigError {
  return new ConfigError('CONFIG_INVALID_VALUE', `bootstrapServers: "${server}" ${why}`, { value: server })
}
