import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { endTxn } from '../../src/protocol/index.ts'
import type { App, AppEventName } from '../../src/streams/index.ts'
import { FaultProxy } from '../transactions/fault-proxy.ts'
import { customers, customerTopology, record } from './customers.ts'
import { startQuietly } from './run.ts'
import { onEachBroker, type Target } from './target.ts'

const invalidTxnState = 48
const minuteMs = 60_000

/** What a program tells listeners of what really happens to it. */
export function toldEvents(target: Target): void {
  /** The next event of a name. */
  const next = async (app: App, name: AppEventName) => {
    const [event] = (await once(app as never, name)) as [Record<string, unknown>]
    return event
  }

  describe('the events of a program', () => {
    it('tell its role and its epochs, of a standby once it has taken over', async () => {
      const stream = await target.stream()
      await stream.produce([...customers(5), { value: 'no JSON' }])
      const topology = customerTopology(stream)
      const quickly = { heartbeatIntervalMs: 100 }
      const active = await startQuietly(topology, target.bootstrapServers, quickly)
      await active.caughtUp
      await using standby = await startQuietly(topology, target.bootstrapServers, quickly)
      assert.deepEqual([active.role, standby.role], ['active', 'standby'])
      const took = next(standby, 'roleChanged')

      await active.stop()
      const changed = await took
      const told = Promise.all([next(standby, 'epochCommitted'), next(standby, 'deadLettered')])
      await stream.produce([{ value: 'no JSON either' }])
      const [{ epoch, records }, letters] = await told

      assert.deepEqual(changed, { role: 'active', was: 'standby' })
      assert.equal(records, 1)
      assert.deepEqual(letters, { epoch, reasons: { NOT_JSON: 1 } })
    })

    it('tell brokers that are away and come back, rollbacks, and rows that expire', async () => {
      const stream = await target.stream()
      await using refuser = await startBroker()
      await using proxy = await FaultProxy.start(target.bootstrapServers, refuser)
      const topology = customerTopology(stream, undefined, { expireAfterMs: minuteMs, expireBy: 'eventTime' })
      await using app = await startQuietly(topology, proxy.bootstrapServers)
      await app.caughtUp

      const isLost = next(app, 'brokerLost')
      await proxy.close()
      const lost = await isLost
      const isFound = next(app, 'brokerFound')
      await proxy.open()
      const { waitedMs } = await isFound
      assert.ok(Number(lost['sinceMs']) > 0 && typeof lost['waitingFor'] === 'string')
      assert.equal((lost['error'] as { code: string }).code, 'KAFKA_CONNECTION_FAILED')
      assert.ok(Number(waitedMs) > 1_000)

      const isBack = next(app, 'rollback')
      const isCommitted = next(app, 'epochCommitted')
      const befell = proxy.inject(endTxn, { refuse: invalidTxnState })
      await stream.produce([record('A', 0)])
      await befell
      assert.deepEqual(await isBack, { epoch: 0 })
      const { epoch } = await isCommitted

      const areExpired = next(app, 'expired')
      const later = 1_790_000_000_000 + 2 * minuteMs
      await stream.produce([{ ...record('A', 2), timestampMs: later }])
      const expired = await areExpired
      assert.equal(expired['rows'], 1)
      assert.ok(Number(expired['epoch']) > Number(epoch))
    })
  })
}

if (import.meta.main) onEachBroker([toldEvents])
