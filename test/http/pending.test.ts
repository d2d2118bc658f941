import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
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

  it('says what the process at the address says, or that there is none', async () => {
    const starting = new Promise<never>(() => {})
    await using server = await serveQuietly(starting, { httpToken: new Secret('b8c1') })

    const refused = await millrace('pending', '--http', new URL(server.url).host)
    const nobody = await millrace('pending', '--http', '127.0.0.1:1')

    assert.deepEqual([refused.code, nobody.code], [1, 1])
    assert.match(refused.stderr, /^error HTTP_NOT_ANSWERED: .* 401: a bearer token is needed$/m)
    assert.match(nobody.stderr, /^error HTTP_NOT_ANSWERED: .*127\.0\.0\.1:1\/api was not answered: /)
  })
})
