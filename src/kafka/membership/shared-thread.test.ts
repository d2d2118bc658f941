import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { type Broker, startBroker } from '../../broker/index.ts'
import type { MillraceError } from '../../core/errors.ts'
import { Membership } from './membership.ts'

describe('the thread of memberships', () => {
  let broker: Broker
  const threads: Worker[] = []
  const note = (message: unknown) => {
    const { worker } = message as { readonly worker: Worker }
    if (worker.threadName === 'millrace-membership') threads.push(worker)
  }
  before(async () => {
    broker = await startBroker({ topics: [{ name: 'app.checkpoint' }] })
    subscribe('worker_threads', note)
  })
  after(async () => {
    unsubscribe('worker_threads', note)
    await broker.stop()
  })
  beforeEach(() => {
    threads.length = 0
  })

  it('is one for all of a process, and ends with the last of them', async (t) => {
    const { membership: first } = await join(t, broker)
    const { membership: second } = await join(t, broker)
    assert.equal(threads.length, 1)
    const [thread] = threads

    await first.leave()
    assert.equal((await second.member()).generationId > 0, true)
    const exited = once(thread!, 'exit')
    await second.leave()

    assert.deepEqual(await exited, [0])
  })

  it('is another one for a membership after the last', async (t) => {
    const { membership: first } = await join(t, broker)
    await first.leave()

    const { membership: second } = await join(t, broker)

    assert.equal(threads.length, 2)
    assert.equal(second.isOwner, true)
  })

  it('ends all of them where it ends by itself, and the next one has another', async (t) => {
    const both = [await join(t, broker), await join(t, broker)]

    await threads[0]!.terminate()

    for (const { lost } of both) assert.equal((await lost).code, 'MEMBERSHIP_BROKEN')
    const { membership } = await join(t, broker)
    assert.equal(threads.length, 2)
    assert.equal(membership.isOwner, true)
  })
})

let groupCount = 0

/** Joins a group of its own. */
async function join(t: TestContext, { bootstrapServers }: Broker) {
  const lost = Promise.withResolvers<MillraceError>()
  const membership = await Membership.join({
    cluster: { bootstrapServers },
    group: `shared-thread-${++groupCount}`,
    topic: 'app.checkpoint',
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs: 50,
    maxStallMs: 10_000,
    onLost: lost.resolve,
  })
  t.after(() => membership.leave())
  return { membership, lost: lost.promise }
}
