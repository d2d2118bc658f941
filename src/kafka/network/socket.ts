import net from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { ResponseReader } from './response-reader.ts'

export interface SocketOptions {
  readonly host: string
  readonly port: number
  /** TLS settings of node:tls; absent means plain text. */
  readonly tls?: ConnectionOptions | undefined
  /** Takes what is received. */
  readonly reader: ResponseReader
}

/**
 * Opens a socket to a broker that reads into the reader's memory, without copies. The code of TLS is loaded by the first
 * one that needs it.
 */
export function openSocket({ host, port, tls: secure, reader }: SocketOptions, onConnected: () => void): net.Socket {
  const options = {
    host,
    port,
    noDelay: true,
    onread: {
      buffer: () => reader.target,
      callback: (bytes: number) => {
        reader.received(bytes)
        return true
      },
    },
  }
  if (secure === undefined) return net.connect(options, onConnected)
  // Brokers behind a proxy are told apart by the name that is asked for, which TLS does not send for an address.
  const { connect } = process.getBuiltinModule('node:tls')
  return connect({ ...(net.isIP(host) === 0 && { servername: host }), ...secure, ...options }, onConnected)
}
