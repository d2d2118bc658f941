import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { instruments, prometheusName } from '../../src/http/index.ts'
import { closeAtEnd } from '../at-end.ts'
import { prometheusClient, pythonAndPipAvailable, runWithPackage } from '../clients/python-package.ts'
import { customers, customerTopology, record } from '../integration/customers.ts'
import { startQuietly } from '../integration/run.ts'
import { createStream } from '../integration/target.ts'
import { withAdmin } from './with-admin.ts'
import { serveQuietly } from './serve-quietly.ts'

const available = await pythonAndPipAvailable()
const skip = available === true ? false : available

describe("Prometheus' client for Python", { skip, timeout: 120_000 }, () => {
  it('reads the metrics of a program: all instruments, by their names and kinds', async () => {
    const broker = await startBroker()
    closeAtEnd(() => broker[Symbol.asyncDispose]())
    const folder = await mkdtemp(join(tmpdir(), 'millrace-metrics-'))
    closeAtEnd(() => rm(folder, { recursive: true }))
    const stream = await withAdmin(broker.bootstrapServers, createStream)
    await stream.produce([...customers(20), record('A', 99), { value: 'no JSON' }])
    await using app = await startQuietly(customerTopology(stream), broker.bootstrapServers)
    await app.caughtUp
    await using server = await serveQuietly(app)
    const file = join(folder, 'metrics.txt')
    await app.inspect()
    await writeFile(file, await server.get('/metrics'))

    const program = join(import.meta.dirname, 'read-metrics.py')
    const families = JSON.parse(await runWithPackage(prometheusClient, program, file))

    assert.deepEqual(
      Object.entries<{ type: string }>(families).map(([name, { type }]) => [name, type]),
      // The parser leaves out what all counters end in.
      instruments.map((instrument) => [prometheusName(instrument).replace(/_total$/, ''), instrument.kind]),
    )
    const { samples } = families['millrace_source_records']
    const emitted = samples.filter(([, labels]: [string, Record<string, string>]) => labels['outcome'] === 'emitted')
    assert.equal(
      emitted.reduce((sum: number, [, , value]: [string, object, number]) => sum + value, 0),
      40,
    )
  })
})
