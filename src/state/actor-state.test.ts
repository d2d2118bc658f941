import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { defineActor, type Reply, startSystem, supervisor } from '../actors/index.ts'
import { keptIn, number, Store, text } from './index.ts'

type WalletMessage =
  | { type: 'deposit'; amount: number; fails: 'no' | 'early' | 'late' }
  | { type: 'balance'; reply: Reply<number> }
  | { type: 'withdraw'; amount: number; reply: Reply<number> }

/** A wallet whose balance is a row, with a log of its deposits in another table; and how often its handlers have run. */
async function start(t: TestContext, store = new Store(), meanwhile = async (): Promise<void> => {}) {
  const balances = store.table('balances', { key: text, value: number })
  const log = store.table('log', { key: number, value: number })
  const runs: string[] = []
  const wallet = defineActor<WalletMessage, undefined>(
    keptIn(store, balances, 'ada', {
      name: 'wallet',
      init: () => 100,
      handle: {
        deposit: async (balance, { amount, fails }, { incarnation }) => {
          runs.push(`${incarnation}: ${balance}`)
          log.set(log.size, amount)
          if (fails === 'early') throw new Error('early')
          balances.set('ada', balance + amount)
          await Promise.resolve()
          if (fails === 'late') throw new Error('late')
          return balance + amount
        },
        balance: (balance, { reply }) => {
          reply(balance)
          return balance
        },
        withdraw: async (balance, { amount, reply }) => {
          runs.push(`withdraw of ${balance}`)
          reply(balance - amount)
          await meanwhile()
          if (amount > balance) throw new Error('overdrawn')
          return balance - amount
        },
      },
    }),
  )
  const system = await startSystem({
    name: 'bank',
    root: supervisor({ name: 'root', maxRestarts: 100, children: [{ start: wallet }] }),
  })
  t.after(() => system.stop())
  return { store, balances, log, runs, system, wallet: system.ref(wallet) }
}

describe('An actor whose state is kept in a table', () => {
  it('L12 has its state from before a handler that throws, after the restart, and so have all tables of it', async (t) => {
    const { balances, log, runs, wallet } = await start(t)
    for (const fails of ['no', 'early', 'no', 'late', 'no'] as const)
      await wallet.tell({ type: 'deposit', amount: 10, fails })

    assert.equal(await wallet.ask({ type: 'balance' }), 130)
    assert.equal(balances.get('ada'), 130)
    assert.deepEqual([...log.scan()].length, 3)
    // Each has begun with what the one before had committed, across two restarts.
    assert.deepEqual(runs, ['1: 100', '1: 110', '2: 110', '2: 120', '3: 120'])
  })

  it('L12 goes on in another system with what is in the table', async (t) => {
    const first = await start(t)
    await first.wallet.tell({ type: 'deposit', amount: 5, fails: 'no' })
    await first.system.stop()
    assert.equal(first.balances.get('ada'), 105)

    const { balances } = first
    const again = defineActor<{ type: 'balance'; reply: Reply<number> }, undefined>(
      keptIn(first.store, balances, 'ada', {
        name: 'wallet',
        init: () => 0,
        handle: {
          balance: (balance, { reply }) => {
            reply(balance)
            return balance
          },
        },
      }),
    )
    const system = await startSystem({ name: 'bank', root: supervisor({ name: 'root', children: [{ start: again }] }) })
    t.after(() => system.stop())
    assert.equal(await system.ref(again).ask({ type: 'balance' }), 105)
  })

  it('L12 answers once its change has committed, and not where it has failed after that', async (t) => {
    const { balances, wallet } = await start(t)

    await assert.rejects(wallet.ask({ type: 'withdraw', amount: 500 }), { code: 'ACTOR_ASK_FAILED' })
    assert.equal(await wallet.ask({ type: 'withdraw', amount: 30 }), 70)
    assert.equal(balances.get('ada'), 70)
  })

  it('L12 runs a handler again over what another transaction has changed meanwhile, and answers once', async (t) => {
    const reached = Promise.withResolvers<void>()
    const goesOn = Promise.withResolvers<void>()
    const { balances, runs, wallet } = await start(t, new Store(), () => {
      reached.resolve()
      return goesOn.promise
    })

    const answer = wallet.ask({ type: 'withdraw', amount: 30 })
    await reached.promise
    balances.set('ada', 50)
    goesOn.resolve()

    assert.equal(await answer, 20)
    assert.deepEqual(runs, ['withdraw of 100', 'withdraw of 50'])
    assert.equal(balances.get('ada'), 20)
  })
})
