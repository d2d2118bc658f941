import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { before, describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { Secret } from '../../src/core/secret.ts'
import { serve } from '../../src/http/index.ts'
import type { App } from '../../src/streams/index.ts'
import { suiteStack } from '../at-end.ts'
import { customerTopology } from '../integration/customers.ts'
import { startQuietly } from '../integration/run.ts'
import { createStream } from '../integration/target.ts'
import { serveQuietly } from './serve-quietly.ts'
import { withAdmin } from './with-admin.ts'

describe('the server of a program', () => {
  let app: App
  const stack = suiteStack()
  before(async () => {
    const broker = stack.use(await startBroker())
    const stream = await withAdmin(broker.bootstrapServers, createStream)
    app = stack.use(await startQuietly(customerTopology(stream), broker.bootstrapServers))
    await app.caughtUp
  })

  /** What it answers to a request as it stands: `fetch` says no other name than that of the address. */
  async function answerTo(url: string, lines: readonly string[]): Promise<string> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.end(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
    return (await text(socket)).split('\r\n')[0]!
  }

  it('listens where other machines reach it with a token only', async () => {
    for (const http of ['0.0.0.0:0', '[::]:0', '10.1.2.3:0']) {
      await assert.rejects(serve(app, { http }), { code: 'HTTP_TOKEN_MISSING' })
    }
    await using server = await serveQuietly(app, { http: '0.0.0.0:0', httpToken: new Secret('b8c1') })

    const url = server.url.replace('0.0.0.0', '127.0.0.1')
    const authorization = 'Bearer b8c1'
    assert.equal((await fetch(`${url}metrics`)).status, 401)
    assert.equal((await fetch(`${url}metrics`, { headers: { authorization } })).status, 200)
    const open = await fetch(`${url}ready`)
    assert.deepEqual([open.status, await open.text()], [200, 'ready\n'])
    assert.match(await (await fetch(`${url}ready`, { headers: { authorization } })).text(), /^ready: is the active/)
  })

  it('says where something else listens already', async () => {
    await using server = await serveQuietly(app)
    const http = `127.0.0.1:${new URL(server.url).port}`

    await assert.rejects(serve(app, { http }), { code: 'HTTP_ADDRESS_REFUSED', message: /listens there already/ })
  })

  it('answers nobody who comes by the name of another site, or from a page of one', async () => {
    await using server = await serveQuietly(app)

    for (const [lines, status] of [
      [['GET /metrics HTTP/1.1', 'Host: 127.0.0.1'], '200 OK'],
      [['GET /metrics HTTP/1.1', 'Host: evil.example'], '403 Forbidden'],
      [['GET /ready HTTP/1.1', 'Host: evil.example'], '403 Forbidden'],
      [['GET /api HTTP/1.1', 'Host: 127.0.0.1', 'Origin: http://evil.example'], '403 Forbidden'],
      [['POST /api/audit HTTP/1.1', 'Host: 127.0.0.1', 'Content-Length: 0'], '403 Forbidden'],
      [['GET http://evil.example/metrics HTTP/1.1', 'Host: 127.0.0.1'], '200 OK'],
      [['GET /metrics HTTP/1.1', 'Host: 127.0.0.1', `X: ${'x'.repeat(20_000)}`], '431 Request Header Fields Too Large'],
    ] as const) {
      assert.equal(await answerTo(server.url, lines), `HTTP/1.1 ${status}`, lines.join(', '))
    }
  })

  it('lets browsers run nothing but its own scripts, and frame nothing', async () => {
    await using server = await serveQuietly(app)

    const { headers } = await server.ask('/api')

    const policy = headers.get('content-security-policy')!.split('; ')
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(part), part)
    }
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('access-control-allow-origin'), null)
  })

  it('tells whoever looks what was, and once a second what is', async () => {
    await using server = await serveQuietly(app)

    const { body } = await fetch(`${server.url}api/events`)
    let told = ''
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      told += chunk
      if (told.split('event: state\n').length > 2) break
    }

    assert.match(told, /^event: past\ndata: \[.*\]\n\nevent: state\ndata: \{/)
    const [, state] = /event: state\ndata: (.*)\n/.exec(told)!
    assert.deepEqual(Object.keys(JSON.parse(state!)), ['inspection', 'isAlive', 'isReady', 'reason', 'point'])
  })

  it('has room for sixteen who look at a time', async () => {
    await using server = await serveQuietly(app)
    const leaving = new AbortController()
    const look = () => fetch(`${server.url}api/events`, { signal: leaving.signal })

    const all = await Promise.all(Array.from({ length: 17 }, look))

    assert.deepEqual(
      all.map(({ status }) => status).sort((a, b) => a - b),
      [...Array.from({ length: 16 }, () => 200), 503],
    )
    leaving.abort()
  })
})
