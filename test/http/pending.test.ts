import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { field, stage, topology } from '../../src/streams/index.ts'
import { Secret } from '../../src/core/secret.ts'
import { closeAtEnd } from '../at-end.ts'
import { customers, customerTopology, record } from '../integration/customers.ts'
import { millrace } from '../integration/millrace.ts'
import { startQuietly } from '../integration/run.ts'
import { createStream } from '../integration/target.ts'
import { serveQuietly } from './serve-quietly.ts'
import { withAdmin } from './with-admin.ts'

describe('millrace pending', () => {
  it('asks a running process for its pending rows, whose keys are masked unless payloads are shown', async () => {
    const broker = await startBroker()
    closeAtEnd(() => broker[Symbol.asyncDispose]())
    const stream = await withAdmin(broker.bootstrapServers, createStream)
    const old = Array.from({ length: 12 }, (_, id) => ({ ...record('A', 100 + id), timestampMs: 1_000_000 - id }))
    await stream.produce([...customers(3), ...old, record('B', 7)])
    await using app = await startQuietly(customerTopology(stream), broker.bootstrapServers)
    await app.caughtUp
    await using shown = await serveQuietly(app, { httpPayloads: true })
    await using masked = await serveQuietly(app)
    const ask = (url: string) => millrace('pending', '--http', new URL(url).host, '--json')

    const { code, stdout, stderr } = await ask(shown.url)
    const hidden = await ask(masked.url)

    assert.equal(code, 0, stderr)
    const { pending } = JSON.parse(stdout)
    assert.deepEqual(
      [pending.rows, pending.byMissing],
      [
        13,
        [
          { missing: ['B'], rows: 12 },
          { missing: ['A'], rows: 1 },
        ],
      ],
    )
    const oldest = Array.from({ length: 10 }, (_, id) => ({
      key: String(111 - id),
      missing: ['B'],
      oldestMs: 999_989 + id,
    }))
    assert.deepEqual(pending.oldest, oldest)
    const keys = (JSON.parse(hidden.stdout).pending.oldest as { key: string }[]).map(({ key }) => key)
    assert.deepEqual(new Set(keys), new Set(['(masked: httpPayloads is off)']))
  })

  it('tells of each correlation of a program what waits there', async () => {
    await using broker = await startBroker()
    const stream = await withAdmin(broker.bootstrapServers, createStream)
    const program = topology(stream.app)
      .source(stream.source)
      .route('by-stage', field('stage'), { A: stage(), B: stage() })
      .correlate('by-customer', field('id'), { of: ['A', 'B'] })
      .map('merged', (_, id) => ({ id }))
      .into('both')
      .source('again-source', { topic: stream.source })
      .route('by-stage-again', field('stage'), { C: stage() })
      .correlate('again', field('id'), { of: ['both', 'C'] })
      .sink(stream.sink)
    await stream.produce([record('A', 1), record('B', 1), record('A', 2), record('A', 3)])
    await using app = await startQuietly(program, broker.bootstrapServers)
    await app.caughtUp
    await using served = await serveQuietly(app)
    const address = new URL(served.url).host

    const text = await millrace('pending', '--http', address)
    const json = await millrace('pending', '--http', address, '--json')

    assert.deepEqual(
      text.stdout.split('\n').filter((line) => line.includes(' rows lacking ') || line.includes(' row lacking ')),
      ['  2 rows lacking B', '  1 row lacking C'],
      text.stdout,
    )
    const report = JSON.parse(json.stdout)
    assert.deepEqual([report.app, report.pending.rows], [stream.app, 2])
    assert.deepEqual([report.next.app, report.next.pending.rows], [`${stream.app}.again`, 1])
  })

  it('says what the process at the address says, or that there is none', async () => {
    const starting = new Promise<never>(() => {})
    await using server = await serveQuietly(starting, { httpToken: new Secret('b8c1') })

    const refused = await millrace('pending', '--http', new URL(server.url).host)
    const nowhere = await millrace('pending', '--http', '9464')
    const nobody = await millrace('pending', '--http', '127.0.0.1:1')

    assert.deepEqual([refused.code, nobody.code], [1, 1])
    assert.match(refused.stderr, /^error HTTP_NOT_ANSWERED: .* 401: a bearer token is needed$/m)
    assert.match(nowhere.stderr, /^error CONFIG_INVALID_VALUE: http is "9464", but must be host:port/)
    assert.match(nobody.stderr, /^error HTTP_NOT_ANSWERED: .*127\.0\.0\.1:1\/api was not answered: /)
  })
})
