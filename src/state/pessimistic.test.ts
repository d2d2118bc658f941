import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../core/random.ts'
import { VirtualClock } from '../testing/index.ts'
import { type LockingTransaction, number, Store, text } from './index.ts'

const code = (expected: string) => ({ code: expected })
const mode = 'pessimistic'

function rows() {
  const clock = new VirtualClock()
  const store = new Store({ clock, random: seededRandom(1) })
  return { clock, store, table: store.table('rows', { key: text, value: number }) }
}

describe('A pessimistic transaction', () => {
  it('L5 never fails nor runs twice under contention for one row', async () => {
    const { clock, store, table } = rows()
    let runs = 0
    const worker = async () => {
      for (let round = 0; round < 100; round++) {
        await store.transact({ mode, retriesMax: 0 }, async (tx) => {
          runs++
          const count = (await tx.get(table, 'count')) ?? 0
          await Promise.resolve()
          await tx.set(table, 'count', count + 1)
        })
      }
    }

    await clock.until(Promise.all(Array.from({ length: 8 }, worker)))

    assert.deepEqual([table.get('count'), runs], [800, 800])
  })

  it('L5 is refused where waiting would be a deadlock, by way of others too, and runs again', async () => {
    const { clock, store, table } = rows()
    const keys = ['a', 'b', 'c']
    let runs = 0
    const first = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
    // Each locks its own row, and then that of the next one.
    const worker = (index: number) =>
      store.transact({ mode }, async (tx) => {
        runs++
        await tx.set(table, keys[index]!, index)
        first[index]!.resolve()
        await Promise.all(first.map(({ promise }) => promise))
        await tx.set(table, keys[(index + 1) % 3]!, index)
      })

    await clock.until(Promise.all([worker(0), worker(1), worker(2)]))

    assert.deepEqual([runs, table.size], [4, 3])
  })

  it('L5 is refused where one that has asked for the lock before it waits for it, by another lock', async () => {
    const { clock, store, table } = rows()
    const held = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    let runs = 0
    const holder = store.transact({ mode }, async (tx) => {
      await tx.get(table, 'a')
      await release.promise
    })
    const second = store.transact({ mode }, async (tx) => {
      runs++
      await tx.set(table, 'b', runs)
      held.resolve()
      await asked.promise
      const both = tx.get(table, 'a')
      release.resolve()
      await both
    })
    await held.promise
    const first = store.transact({ mode, retriesMax: 0 }, async (tx) => {
      const both = [tx.get(table, 'a'), tx.get(table, 'b')]
      asked.resolve()
      return Promise.all(both)
    })

    await clock.until(Promise.all([holder, first, second]))

    assert.deepEqual([await first, table.get('b'), runs], [[undefined, undefined], 2, 2])
  })

  it('L5 is given a lock as often as it has asked for it while another one had it', async () => {
    const { clock, store, table } = rows()
    const release = Promise.withResolvers<void>()
    const holder = store.transact({ mode }, async (tx) => {
      await tx.set(table, 'a', 1)
      await release.promise
    })
    const waiter = store.transact({ mode, retriesMax: 0 }, async (tx) => {
      const asked = [tx.get(table, 'a'), tx.get(table, 'a')]
      release.resolve()
      return Promise.all(asked)
    })

    assert.deepEqual(await clock.until(waiter), [1, 1])
    await holder
    assert.equal(clock.pendingTimers, 0)
  })

  it('L5 waits for a lock no longer than it may', async () => {
    const { clock, store, table } = rows()
    const release = Promise.withResolvers<void>()
    const holder = store.transact({ mode }, async (tx) => {
      await tx.set(table, 'a', 1)
      await release.promise
    })
    const waiter = store.transact({ mode, lockWaitMs: 250 }, async (tx) => tx.get(table, 'a'))

    await assert.rejects(clock.until(waiter), code('TRANSACTION_LOCK_TIMEOUT'))
    assert.equal(clock.monotonicMs(), 250)
    release.resolve()
    await holder
    assert.equal(await store.transact({ mode }, async (tx) => tx.get(table, 'a')), 1)
    assert.equal(clock.pendingTimers, 0)
  })

  it('L5 stops waiting when its signal aborts', async () => {
    const { clock, store, table } = rows()
    const aborting = new AbortController()
    const release = Promise.withResolvers<void>()
    const holder = store.transact({ mode }, async (tx) => {
      await tx.has(table, 'a')
      await release.promise
    })
    const waiter = store.transact({ mode, signal: aborting.signal }, async (tx) => tx.delete(table, 'a'))

    await new Promise((resolve) => setImmediate(resolve))
    aborting.abort(new Error('enough'))

    await assert.rejects(waiter, /enough/)
    release.resolve()
    await holder
    assert.equal(clock.pendingTimers, 0)
  })

  it('L5 keeps optimistic transactions and direct changes away from what it has locked, absent rows included', async () => {
    const { clock, store, table } = rows()
    table.set('b', 1)
    const release = Promise.withResolvers<void>()
    const holder = store.transact({ mode }, async (tx) => {
      assert.equal(await tx.get(table, 'a'), undefined)
      await release.promise
      await tx.set(table, 'b', 2)
    })
    const locked = Promise.withResolvers<void>()
    setImmediate(locked.resolve)
    await locked.promise

    assert.throws(() => table.set('a', 1), code('TRANSACTION_CONFLICT'))
    assert.throws(() => store.transactSync((tx) => tx.set(table, 'a', 1)), code('TRANSACTION_CONFLICT'))
    table.set('b', 5)
    const optimistic = store.transact({ retriesMax: 10 }, async (tx) => tx.set(table, 'a', 7))
    await clock.advance(2)
    release.resolve()
    await clock.until(Promise.all([holder, optimistic]))

    assert.deepEqual([table.get('a'), table.get('b')], [7, 2])
  })

  it('reads its own changes, deletes, and leaves nothing where it throws', async () => {
    const { store, table } = rows()
    table.set('a', 1)
    const change = (isFailing: boolean) =>
      store.transact({ mode }, async (tx) => {
        await tx.set(table, 'b', 2)
        assert.deepEqual(
          [await tx.get(table, 'b'), await tx.delete(table, 'a'), await tx.has(table, 'a')],
          [2, true, false],
        )
        assert.equal(await tx.delete(table, 'a'), false)
        if (isFailing) throw new Error('failed')
      })

    await assert.rejects(change(true), /failed/)
    assert.deepEqual([...table.scan()], [['a', 1]])
    await change(false)
    assert.deepEqual([...table.scan()], [['b', 2]])
  })

  it('lets parts join that are pessimistic too, and is refused after its end', async () => {
    const { store, table } = rows()
    let kept: LockingTransaction | undefined

    await store.transact({ mode }, async (tx) => {
      kept = tx
      await tx.set(table, 'a', 1)
      await store.transact({ mode }, async (part) => part.set(table, 'b', (await part.get(table, 'a'))! + 1))
    })

    assert.deepEqual([table.get('b'), store.version], [2, 1])
    await assert.rejects(kept!.get(table, 'a'), code('TRANSACTION_ENDED'))
  })

  it('waits for nothing any more when its function has ended', async () => {
    const { clock, store, table } = rows()
    const release = Promise.withResolvers<void>()
    const holder = store.transact({ mode }, async (tx) => {
      await tx.get(table, 'a')
      await release.promise
    })
    let left: Promise<unknown> | undefined
    await store.transact({ mode }, async (tx) => {
      left = tx.get(table, 'a')
    })

    await assert.rejects(left!, code('TRANSACTION_ENDED'))
    assert.equal(clock.pendingTimers, 0)
    release.resolve()
    await holder
  })
})
