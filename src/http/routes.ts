import type { IncomingMessage, ServerResponse } from 'node:http'
import { MillraceError } from '../core/errors.ts'
import type { App, Inspection } from '../streams/index.ts'
import type { Gate } from './gate.ts'
import type { LiveFeed } from './live-feed.ts'
import { prometheusText, prometheusType } from './metrics/prometheus.ts'
import type { PageFile } from './page-files.ts'
import type { ProcessReadings } from './process-readings.ts'
import { type Questions, TooManyQuestions } from './questions.ts'
import type { ServedApp } from './served-app.ts'

export interface RouteParts {
  readonly gate: Gate
  readonly served: ServedApp
  readonly feed: LiveFeed
  readonly questions: Questions
  readonly readings: ProcessReadings
  /** Files of the dashboard by path. */
  readonly pages: ReadonlyMap<string, PageFile>
}

/** No script but the server's own, no frame around it, nothing from anywhere else. */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

const keyCharactersMax = 4_096

type Handler = (parts: RouteParts, request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void> | void

interface Route {
  readonly method: 'GET' | 'POST'
  /** Whether it tells of the program, and so is for those who may know. */
  readonly isGuarded: boolean
  readonly handle: Handler
}

/** What may be asked for, besides the files of the dashboard. */
const routes: Readonly<Record<string, Route>> = {
  '/live': { method: 'GET', isGuarded: false, handle: live },
  '/ready': { method: 'GET', isGuarded: false, handle: ready },
  '/metrics': { method: 'GET', isGuarded: true, handle: metrics },
  '/api': {
    method: 'GET',
    isGuarded: true,
    handle: ({ served, questions }, _request, response) =>
      withApp(served, response, (app) => questions.inspect(app, { wholeProgram: true })),
  },
  '/api/events': { method: 'GET', isGuarded: true, handle: events },
  '/api/explain': { method: 'GET', isGuarded: true, handle: explain },
  '/api/dead-letters': { method: 'GET', isGuarded: true, handle: deadLetters },
  '/api/processes': {
    method: 'GET',
    isGuarded: true,
    handle: ({ served, questions }, _request, response) => withApp(served, response, (app) => questions.processes(app)),
  },
  '/api/audit': {
    method: 'POST',
    isGuarded: true,
    handle: ({ served, questions }, _request, response) => withApp(served, response, (app) => questions.audit(app)),
  },
}

/** Answers one request. */
export async function answer(parts: RouteParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '')
  const url = pathOf(request)
  const route = url && Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined
  const refusal = parts.gate.refuse({ method, headers: request.headers, isGuarded: route?.isGuarded ?? false })
  if (refusal !== undefined) {
    if (refusal.status === 401) response.setHeader('www-authenticate', 'Bearer')
    return sendText(response, refusal.status, refusal.text)
  }
  const page = url && parts.pages.get(url.pathname)
  const allowed = route?.method ?? (page && 'GET')
  if (url === undefined || allowed === undefined) return sendText(response, 404, 'there is nothing here')
  if (method !== allowed) {
    response.setHeader('allow', allowed)
    return sendText(response, 405, `only ${allowed}`)
  }
  if (page !== undefined) return send(response, 200, page.type, page.bytes)
  try {
    await route!.handle(parts, request, response, url)
  } catch (error) {
    sendError(response, error)
  }
}

function pathOf({ url = '/' }: IncomingMessage): URL | undefined {
  return URL.parse(url, 'http://server') ?? undefined
}

function live({ served, gate }: RouteParts, { headers }: IncomingMessage, response: ServerResponse): void {
  const { endedBy } = served
  if (endedBy === undefined) return sendText(response, 200, 'alive')
  sendText(response, 503, gate.knows(headers) ? `not alive: ${endedBy}` : 'not alive')
}

async function ready({ served, gate }: RouteParts, { headers }: IncomingMessage, response: ServerResponse) {
  const { isReady, reason } = await served.health()
  const text = `${isReady ? 'ready' : 'not ready'}${gate.knows(headers) ? `: ${reason}` : ''}`
  sendText(response, isReady ? 200 : 503, text)
}

async function metrics({ served, readings }: RouteParts, _request: IncomingMessage, response: ServerResponse) {
  const { app } = served
  if (app === undefined) return sendText(response, 503, 'the program has not started')
  const inspection: Inspection = await app.inspect()
  const view = served.viewOf(inspection, readings.read())
  send(response, 200, prometheusType, Buffer.from(prometheusText(view)))
}

function events({ feed }: RouteParts, _request: IncomingMessage, response: ServerResponse): void {
  if (feed.hasRoom) feed.watch(response)
  else sendText(response, 503, 'as many look already as may')
}

function explain({ served, questions }: RouteParts, _request: IncomingMessage, response: ServerResponse, url: URL) {
  const key = url.searchParams.get('key') ?? ''
  if (key === '' || key.length > keyCharactersMax) return sendText(response, 400, 'the key is missing, or too long')
  return withApp(served, response, (app) => questions.explain(app, key))
}

function deadLetters({ served, questions }: RouteParts, _request: IncomingMessage, response: ServerResponse, url: URL) {
  const reason = url.searchParams.get('reason') || undefined
  const limit = Number(url.searchParams.get('limit') ?? 100)
  return withApp(served, response, (app) => questions.deadLetters(app, { reason, limit }))
}

/** Answers with what is found out about a program that has started. */
async function withApp(served: ServedApp, response: ServerResponse, ask: (app: App) => Promise<unknown>) {
  const { app } = served
  if (app === undefined) return sendText(response, 503, 'the program has not started')
  send(response, 200, jsonType, Buffer.from(JSON.stringify(await ask(app), withoutBigInts)))
}

const jsonType = 'application/json; charset=utf-8'

function withoutBigInts(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.end()
  if (error instanceof TooManyQuestions) return sendText(response, 429, 'other questions are being answered')
  if (!MillraceError.is(error)) return sendText(response, 500, 'this could not be answered')
  const status = error.code.startsWith('CONFIG_') ? 400 : 502
  const { code, message } = error
  send(response, status, jsonType, Buffer.from(JSON.stringify({ error: { code, message } })))
}

function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', Buffer.from(`${text}\n`))
}

function send(response: ServerResponse, status: number, type: string, bytes: Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' })
  response.end(bytes)
}
