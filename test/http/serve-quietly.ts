import { type AppServer, serve, type ServeOptions } from '../../src/http/index.ts'
import type { App } from '../../src/streams/index.ts'
import { closeAtEnd } from '../at-end.ts'

/** What a server answered. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A server on a free port, and how a test asks it. */
export interface QuietServer extends AppServer {
  ask(path: string, init?: RequestInit): Promise<Answer>
  /** The body of an answer that must be a good one. */
  get(path: string): Promise<string>
  /** The values of an instrument, by the text of its labels but for the program's name. */
  metrics(name: string): Promise<Record<string, number>>
}

/** Serves a program on a free port. The server is closed when the suite is over, in case its test has failed before. */
export async function serveQuietly(app: App | Promise<App>, options: ServeOptions = {}): Promise<QuietServer> {
  const server = await serve(app, { http: '127.0.0.1:0', ...options })
  const dismiss = closeAtEnd(() => server.close())
  const ask = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(new URL(path, server.url), init)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  const get = async (path: string) => {
    const { status, text } = await ask(path)
    if (status !== 200) throw new Error(`${path} was answered with ${status}: ${text}`)
    return text
  }
  const close = async () => {
    dismiss()
    await server.close()
  }
  return {
    url: server.url,
    close,
    [Symbol.asyncDispose]: close,
    ask,
    get,
    metrics: async (name) => valuesOf(name, await get('/metrics')),
  }
}

function valuesOf(name: string, text: string): Record<string, number> {
  const values = text.split('\n').flatMap((line): [string, number][] => {
    const [, labels, value] = new RegExp(`^${name}\\{app="[^"]*",?(.*)\\} (.*)$`).exec(line) ?? []
    return labels === undefined ? [] : [[labels, Number(value)]]
  })
  return Object.fromEntries(values)
}
