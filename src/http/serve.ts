import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '../core/clock.ts'
import { ConfigError, MillraceError } from '../core/errors.ts'
import { http } from '../core/node-http.ts'
import { resolveOptions } from '../core/options.ts'
import type { App } from '../streams/index.ts'
import { Gate } from './gate.ts'
import { isLoopback, type ListenAddress, parseListenAddress } from './listen-address.ts'
import { LiveFeed } from './live-feed.ts'
import { dashboardAddress, type HttpOptions, httpOptions } from './options.ts'
import { readPageFiles } from './page-files.ts'
import { ProcessReadings } from './process-readings.ts'
import { Questions } from './questions.ts'
import { answer } from './routes.ts'
import { ServedApp } from './served-app.ts'
import type { HttpSettings } from './settings.ts'

/** Where a program is looked at, and who may. */
export interface ServeOptions extends HttpSettings {
  /** Time, for tests. @defaultValue the machine's clock */
  readonly clock?: Clock
}

/** A server that tells of a program. */
export interface AppServer extends AsyncDisposable {
  /** Of the dashboard, such as `http://127.0.0.1:9464/`. */
  readonly url: string
  close(): Promise<void>
}

/** What a request may take to arrive, and its headers in all: those who ask here are few, and ask short questions. */
const limits = { requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 16 << 10 } as const
const connectionsMax = 64

/**
 * Serves a program over HTTP: the dashboard at `/`, `/metrics` for Prometheus, `/live` and `/ready` for whoever restarts
 * processes and sends them work, and `/api`. It may begin before the program has started: until then it lives, and is
 * not ready.
 *
 * @param app - The program, or the promise of it that `start` gave.
 * @throws ConfigError `CONFIG_INVALID_VALUE`; `HTTP_TOKEN_MISSING` for an address that other machines reach without a
 * token; `HTTP_ADDRESS_REFUSED` where the system does not let it listen there.
 *
 * @example
 * await using server = await serve(start(customer360, { bootstrapServers: 'localhost:9092' }), { http: '127.0.0.1:9464' })
 */
export async function serve(
  app: App | Promise<App>,
  { clock = systemClock, ...given }: ServeOptions = {},
): Promise<AppServer> {
  const options = resolveOptions(httpOptions, { given, env: process.env })
  return serveAt(app, options, clock)
}

/** The same with options that are resolved. */
export async function serveAt(
  app: App | Promise<App>,
  options: HttpOptions,
  clock: Clock = systemClock,
): Promise<AppServer> {
  const address = parseListenAddress(options.http ?? dashboardAddress)
  if (!isLoopback(address) && options.httpToken === undefined) throw tokenMissing(address)
  const names = options.httpHosts.split(',').flatMap((name) => name.trim() || [])
  const gate = new Gate(names, options.httpToken)
  const served = new ServedApp(app, options, clock)
  const readings = new ProcessReadings(clock)
  const questions = new Questions(options.httpPayloads)
  const feed = new LiveFeed(async (isWatched) => {
    const inspection =
      served.app && (await questions.inspect(served.app, { countsPending: isWatched, wholeProgram: isWatched }))
    return inspection && { inspection, ...served.healthOf(inspection) }
  }, clock)
  const parts = { gate, served, feed, questions, readings, pages: readPageFiles() }
  const server = http.createServer(limits, (request, response) => void answer(parts, request, response))
  server.maxConnections = connectionsMax
  const stopParts = () => {
    feed[Symbol.dispose]()
    readings[Symbol.dispose]()
  }
  try {
    await listen(server, address)
  } catch (error) {
    stopParts()
    throw error
  }
  const close = async () => {
    stopParts()
    server.close()
    server.closeAllConnections()
  }
  return { url: urlOf(server, address), close, [Symbol.asyncDispose]: close }
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (error) {
    const { code = 'unknown', message } = error as NodeJS.ErrnoException
    const text = `the server cannot listen at ${host}:${port}: ${code === 'EADDRINUSE' ? 'something listens there already' : message}`
    throw new MillraceError('HTTP_ADDRESS_REFUSED', text, { host, port }, error)
  }
}

function urlOf(server: Server, { host }: ListenAddress): string {
  const { port } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
}

function tokenMissing({ host, port }: ListenAddress): ConfigError {
  return new ConfigError(
    'HTTP_TOKEN_MISSING',
    `${host}:${port} can be reached from other machines, and there is no httpToken: whoever reaches it would see the program; give a token, or listen at 127.0.0.1`,
    { host, port },
  )
}
