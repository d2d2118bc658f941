import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../core/random.ts'
import { VirtualClock } from '../testing/index.ts'
import { begin } from './fixtures/session.ts'
import { json, number, Store, text, type Transaction, TransactionConflict } from './index.ts'

const code = (expected: string) => ({ code: expected })

function accounts() {
  const store = new Store()
  const table = store.table('accounts', { key: text, value: number, ordered: true })
  table.set('a', 100)
  table.set('b', 100)
  return { store, table }
}

describe('A transaction', () => {
  it('L1 changes rows of several tables at once, or none where it throws', async () => {
    const { store, table } = accounts()
    const log = store.table('log', { key: number, value: json<{ amount: number }>() })
    const transfer = (amount: number) =>
      store.transactSync((tx) => {
        tx.set(table, 'a', tx.get(table, 'a')! - amount)
        tx.set(log, tx.size(log), { amount })
        if (tx.get(table, 'a')! < 0) throw new Error('overdrawn')
        tx.set(table, 'b', tx.get(table, 'b')! + amount)
      })
    const version = store.version

    transfer(30)
    assert.throws(() => transfer(80), /overdrawn/)
    await assert.rejects(
      store.transact(async (tx) => {
        tx.set(table, 'a', 0)
        await Promise.resolve()
        throw new Error('changed its mind')
      }),
      /changed its mind/,
    )

    assert.deepEqual([table.get('a'), table.get('b'), [...log.scan()]], [70, 130, [[0, { amount: 30 }]]])
    assert.deepEqual([store.version - version, store.keptVersions], [1, 0])
  })

  it('L1 leaves no version, no change and no conflict of rows that it has made and deleted itself', async () => {
    const store = new Store({ changesMax: 10 })
    const table = store.table('rows', { key: text, value: number })
    const other = await begin(store, 'snapshot')
    other.tx.set(table, 'a', 1)

    const changes = (tx: Transaction, ...keys: string[]) => {
      for (const key of keys) {
        tx.set(table, key, 2)
        tx.delete(table, key)
      }
    }
    store.transactSync((tx) => changes(tx, 'a'))
    store.transactSync((tx) => changes(tx, 'a', 'b'))

    assert.deepEqual([store.version, table.usedBytes, await other.commit()], [0, 0, true])
    assert.deepEqual([store.version, table.get('a'), store.keptVersions], [1, 1, 0])
  })

  it('L1 leaves no trace where a table is full in the middle of a commit', () => {
    const { store, table } = accounts()
    const small = store.table('small', { key: number, value: number, bytesMax: 1_024 })
    const fill = () =>
      store.transactSync((tx) => {
        tx.set(table, 'a', 0)
        tx.set(table, 'c', 0)
        tx.delete(table, 'b')
        for (let key = 0; key < 100; key++) tx.set(small, key, key)
      })

    assert.throws(fill, code('STATE_BYTES_EXCEEDED'))

    assert.deepEqual(
      [[...table.scan()], table.size, small.size, small.usedBytes],
      [
        [
          ['a', 100],
          ['b', 100],
        ],
        2,
        0,
        0,
      ],
    )
    small.set(1, 1)
    assert.equal(small.get(1), 1)
  })

  it('reads its own changes first, in scans and sizes too', () => {
    const { store, table } = accounts()
    table.set('d', 4)

    store.transactSync((tx) => {
      tx.set(table, 'c', 3)
      tx.set(table, 'a', 1)
      assert.equal(tx.delete(table, 'b'), true)
      assert.equal(tx.delete(table, 'b'), false)
      tx.set(table, 'e', 5)
      tx.delete(table, 'e')

      assert.deepEqual(
        [...tx.scan(table)],
        [
          ['a', 1],
          ['c', 3],
          ['d', 4],
        ],
      )
      assert.deepEqual([...tx.scan(table, { after: 'a', before: 'd' })], [['c', 3]])
      assert.deepEqual([tx.size(table), tx.has(table, 'b'), tx.get(table, 'c')], [3, false, 3])
      tx.clear(table)
      assert.deepEqual([[...tx.scan(table)], tx.size(table)], [[], 0])
      tx.set(table, 'f', 6)
    })

    assert.deepEqual([[...table.scan()], table.size], [[['f', 6]], 1])
  })

  it('L2 is validated: 4 x 100 increments across await give 400', async () => {
    const { store, table } = accounts()
    table.set('count', 0)
    let runs = 0
    const worker = async () => {
      for (let round = 0; round < 100; round++) {
        await store.transact({ retriesMax: 1_000 }, async (tx) => {
          runs++
          const count = tx.get(table, 'count')!
          await Promise.resolve()
          tx.set(table, 'count', count + 1)
        })
      }
    }

    await Promise.all([worker(), worker(), worker(), worker()])

    assert.equal(table.get('count'), 400)
    assert.ok(runs > 400, 'none of them has met another one')
    assert.equal(store.keptVersions, 0)
  })

  it('L9 merges parts that race: the last one removes the row, and each row is emitted once', async () => {
    const store = new Store()
    const pending = store.table('pending', { key: number, value: number })
    let runs = 0
    const take = (key: number, part: number) =>
      store.transact({ retriesMax: 1_000 }, async (tx) => {
        runs++
        const present = (tx.get(pending, key) ?? 0) | part
        await Promise.resolve()
        if (present === 7) tx.delete(pending, key)
        else tx.set(pending, key, present)
        return present === 7
      })
    const keys = Array.from({ length: 100 }, (_, key) => key)

    const taken = await Promise.all(keys.flatMap((key) => [take(key, 1), take(key, 2), take(key, 4)]))

    for (const key of keys) assert.equal(taken.slice(key * 3, key * 3 + 3).filter(Boolean).length, 1)
    assert.ok(runs > 300, 'none of them has met another one')
    assert.equal(pending.size, 0)
    assert.equal(store.keptVersions, 0)
  })

  it('L2 does not conflict over rows that it has not read, nor when it changes none', async () => {
    const { store, table } = accounts()
    const writer = await begin(store, 'serializable')
    const reader = await begin(store, 'serializable')
    writer.tx.get(table, 'a')
    writer.tx.set(table, 'c', 1)
    for (const [key] of reader.tx.scan(table)) reader.tx.get(table, key)

    table.set('b', 0)
    table.set('c', 0)

    assert.deepEqual([await writer.commit(), await reader.commit(), table.get('c')], [true, true, 1])
  })

  it('L2 conflicts over the part of a range that it has read, and no more', async () => {
    const { store, table } = accounts()
    const sessions = [await begin(store, 'serializable'), await begin(store, 'serializable')]
    for (const { tx } of sessions) {
      for (const [key] of tx.scan(table)) if (key === 'a') break
      tx.set(table, 'z', 1)
    }

    table.delete('b')
    assert.equal(await sessions[0]!.commit(), true)
    table.set('A', 1)
    assert.equal(await sessions[1]!.commit(), false)
  })

  it('L2 conflicts over a row that was deleted, and made again, since it was read as absent or there', async () => {
    const { store, table } = accounts()
    const sessions = await Promise.all(Array.from({ length: 4 }, () => begin(store, 'serializable')))
    const [there, absent, again, gone] = sessions.map(({ tx }) => tx)
    there!.get(table, 'a')
    absent!.has(table, 'c')
    again!.get(table, 'b')
    gone!.has(table, 'd')
    for (const [index, { tx }] of sessions.entries()) tx.set(table, `own${index}`, 1)

    table.delete('a')
    table.set('c', 1)
    table.delete('b')
    table.set('b', 100)
    table.set('d', 1)
    table.delete('d')

    for (const { commit } of sessions) assert.equal(await commit(), false)
    assert.deepEqual(
      [[...table.scan()], store.keptVersions],
      [
        [
          ['b', 100],
          ['c', 1],
        ],
        0,
      ],
    )
  })

  describe('that meets a conflict each time', () => {
    /** A transaction whose read is changed by another task while it runs, `times` times. */
    function contended({ times, retriesMax }: { times: number; retriesMax: number }) {
      const clock = new VirtualClock()
      const store = new Store({ clock, random: seededRandom(1) })
      const table = store.table('rows', { key: text, value: number })
      const startsMs: number[] = []
      let asked = Promise.withResolvers<void>()
      const otherTask = async () => {
        for (let time = 1; time <= times; time++) {
          await asked.promise
          asked = Promise.withResolvers()
          table.set('read', time)
        }
      }
      void otherTask()
      const done = store.transact({ retriesMax }, async (tx) => {
        startsMs.push(clock.monotonicMs())
        tx.set(table, 'written', tx.get(table, 'read') ?? 0)
        asked.resolve()
        await new Promise((resolve) => setImmediate(resolve))
      })
      return { clock, table, startsMs, done: clock.until(done) }
    }

    it('L6 is run again as often as it may, and then fails', async () => {
      const { table, startsMs, done } = contended({ times: 5, retriesMax: 4 })

      await assert.rejects(
        done,
        (error) => error instanceof TransactionConflict && error.code === 'TRANSACTION_CONFLICT',
      )
      assert.deepEqual([startsMs.length, table.has('written')], [5, false])
    })

    it('L6 commits in the last run that it may have', async () => {
      const { table, startsMs, done } = contended({ times: 4, retriesMax: 4 })

      await done
      assert.deepEqual([startsMs.length, table.get('written')], [5, 4])
    })

    it('L6 waits before each run for a drawn time below a bound that doubles, up to 64 ms', async () => {
      const { startsMs, done } = contended({ times: 20, retriesMax: 20 })

      await done
      const waits = startsMs.slice(1).map((startMs, index) => startMs - startsMs[index]!)
      for (const [index, waitMs] of waits.entries())
        assert.ok(waitMs <= Math.min(2 ** index, 64), `${index}: ${waitMs}`)
      assert.equal(new Set(waits).size, waits.length)
      assert.ok(Math.max(...waits) > 32)
    })
  })

  it('joins the transaction in whose function it begins, direct calls of tables too', async () => {
    const { store, table } = accounts()
    const version = store.version
    const pay = (amount: number) => store.transactSync((tx) => tx.set(table, 'a', tx.get(table, 'a')! - amount))

    await store.transact(async () => {
      pay(10)
      await Promise.resolve()
      await store.transact({ isolation: 'snapshot' }, async (tx) => tx.set(table, 'b', 110))
      table.delete('c')
      table.set('d', table.get('a')!)
      assert.deepEqual(
        [table.size, [...table.scan({ from: 'b' })], table.has('d')],
        [
          3,
          [
            ['b', 110],
            ['d', 90],
          ],
          true,
        ],
      )
      assert.equal(store.version, version)
    })

    assert.deepEqual([table.get('a'), table.get('d'), store.version], [90, 90, version + 1])
  })

  it('fails as a whole where a part of it has failed, even if its function has caught that', async () => {
    const { store, table } = accounts()
    const part = () =>
      store.transactSync((tx) => {
        tx.set(table, 'a', 0)
        throw new Error('part failed')
      })

    await assert.rejects(
      store.transact(async (tx) => {
        tx.set(table, 'b', 0)
        assert.throws(part)
      }),
      /part failed/,
    )

    assert.deepEqual(
      [...table.scan()],
      [
        ['a', 100],
        ['b', 100],
      ],
    )
  })

  it('has the isolation that its parts ask for, or they are refused', async () => {
    const { store, table } = accounts()

    await assert.rejects(
      store.transact({ isolation: 'snapshot' }, async () => store.transactSync(() => table.get('a'))),
      code('TRANSACTION_NESTED'),
    )
    await assert.rejects(
      store.transact(async () => store.transact({ mode: 'pessimistic' }, async (tx) => tx.get(table, 'a'))),
      code('TRANSACTION_NESTED'),
    )
    await assert.rejects(
      store.transact({ mode: 'pessimistic' }, async () => table.get('a')),
      code('TRANSACTION_NESTED'),
    )
  })

  it('is refused after its end, and what began in it goes on without it', async () => {
    const { store, table } = accounts()
    const leftBehind = Promise.withResolvers<void>()
    let late: Promise<void> | undefined

    const tx = await store.transact(async (transaction) => {
      late = leftBehind.promise.then(() => table.set('late', 1))
      return transaction
    })
    leftBehind.resolve()
    await late

    assert.throws(() => tx.get(table, 'a'), code('TRANSACTION_ENDED'))
    assert.equal(table.get('late'), 1)
  })

  it('L2 reads no more of a range after its end, which nobody would validate', async () => {
    const { store, table } = accounts()
    const scan = await store.transact((tx) => {
      const rows = tx.scan(table)[Symbol.iterator]()
      assert.deepEqual(rows.next().value, ['a', 100])
      return rows
    })

    assert.throws(() => scan.next(), code('TRANSACTION_ENDED'))
    assert.equal(store.keptVersions, 0)
  })

  it('L1 is refused with a table of another store, whose versions are others, and with what is no table', async () => {
    const { store } = accounts()
    const other = new Store()
    const table = other.table('accounts', { key: text, value: number })
    table.set('a', 1)
    const mode = 'pessimistic'
    const refused = { code: 'STATE_TABLE_UNKNOWN', message: /^table accounts is no table of the store/ }

    assert.throws(() => store.transactSync((tx) => tx.set(table, 'a', 2)), refused)
    await assert.rejects(
      store.transact((tx) => [...tx.scan(table)]),
      refused,
    )
    await assert.rejects(
      store.transact({ mode }, async (tx) => tx.set(table, 'a', 2)),
      refused,
    )
    const named = 'accounts' as unknown as typeof table
    assert.throws(() => store.transactSync((tx) => tx.get(named, 'a')), { message: /^the text "accounts" is no table/ })
    // Each of both changes its own within the function of the other one.
    store.transactSync(() => table.set('a', 3))
    assert.deepEqual([table.get('a'), other.version], [3, 2])
  })

  it('is not synchronous where its function returns a promise', () => {
    const { store, table } = accounts()

    assert.throws(() => store.transactSync(async (tx) => tx.set(table, 'a', 0)), code('TRANSACTION_NOT_SYNCHRONOUS'))
    assert.deepEqual([table.get('a'), store.keptVersions], [100, 0])
  })

  it('has no locks where it is synchronous', () => {
    const { store, table } = accounts()
    const options = { mode: 'pessimistic' } as {}

    assert.throws(() => store.transactSync(options, (tx) => tx.set(table, 'a', 0)), code('CONFIG_UNKNOWN_OPTION'))
    assert.equal(table.get('a'), 100)
  })

  it('does not commit once its signal aborts', async () => {
    const { store, table } = accounts()
    const aborting = new AbortController()

    const done = store.transact({ signal: aborting.signal }, async (tx) => {
      tx.set(table, 'a', 0)
      aborting.abort(new Error('no longer wanted'))
    })

    await assert.rejects(done, /no longer wanted/)
    assert.equal(table.get('a'), 100)
  })

  it('reads and writes no more rows than it may, and writes where it runs alone', async () => {
    const store = new Store({ operationsMax: 10 })
    const table = store.table('rows', { key: number, value: number })
    const touch = (tx: Transaction, count: number) => {
      for (let key = 0; key < count; key++) tx.set(table, key, tx.get(table, key) ?? 0)
    }

    await store.transact((tx) => touch(tx, 5))
    await assert.rejects(
      store.transact((tx) => touch(tx, 6)),
      code('TRANSACTION_TOO_LARGE'),
    )
    store.transactSync((tx) => touch(tx, 10))
    assert.throws(() => store.transactSync((tx) => touch(tx, 11)), code('TRANSACTION_TOO_LARGE'))
  })

  it('L7 reads at its start while a million changes are made, which keep one version of a row for it', async () => {
    const { store, table } = accounts()
    const { tx, commit } = await begin(store, 'serializable')
    tx.get(table, 'a')

    for (let change = 0; change < 1_000_000; change++) table.set(change % 2 === 0 ? 'a' : 'c', change)

    assert.deepEqual(
      [...tx.scan(table)],
      [
        ['a', 100],
        ['b', 100],
      ],
    )
    assert.equal(store.keptVersions, 1)
    await commit()
    assert.deepEqual([store.keptVersions, table.get('c')], [0, 999_999])
  })
})
