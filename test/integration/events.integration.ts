import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { closeAtEnd } from '../at-end.ts'
import { withAdmin } from '../http/with-admin.ts'
import { customers, customerTopology } from './customers.ts'
import { startQuietly } from './run.ts'
import { createStream } from './target.ts'

describe('the events of a program', () => {
  it('tell its role and its epochs, of a standby once it has taken over', async () => {
    const broker = await startBroker()
    closeAtEnd(() => broker[Symbol.asyncDispose]())
    const stream = await withAdmin(broker.bootstrapServers, createStream)
    await stream.produce([...customers(5), { value: 'no JSON' }])
    const topology = customerTopology(stream)
    const active = await startQuietly(topology, broker.bootstrapServers)
    await active.caughtUp
    await using standby = await startQuietly(topology, broker.bootstrapServers)
    assert.deepEqual([active.role, standby.role], ['active', 'standby'])
    const took = once(standby as never, 'roleChanged')

    await active.stop()
    const [changed] = await took
    const committed = once(standby as never, 'epochCommitted')
    const diverted = once(standby as never, 'deadLettered')
    await stream.produce([{ value: 'no JSON either' }])
    const [[{ epoch, records }], [letters]] = await Promise.all([committed, diverted])

    assert.deepEqual(changed, { role: 'active', was: 'standby' })
    assert.equal(records, 1)
    assert.deepEqual(letters, { epoch, reasons: { NOT_JSON: 1 } })
  })
})
