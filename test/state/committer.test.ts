import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fromModule, startSystem, supervisor } from '../../src/actors/index.ts'
import { number, openStore, text } from '../../src/state/index.ts'
import type { keeper, KeeperMessage } from './threads/keeper.ts'

describe('A store that an actor keeps on a thread of its own', () => {
  for (const duringCommit of [false, true]) {
    const when = duringCommit ? 'in the midst of a commit' : 'between two commits'

    it(`L1 is made anew by its supervisor where the thread ends ${when}, and others go on with the new one`, async (t) => {
      const keeping = fromModule<typeof keeper>(new URL('threads/keeper.ts', import.meta.url), 'keeper')
      const system = await startSystem({
        name: 'bank',
        threads: ['state'],
        root: supervisor({ name: 'root', children: [{ start: keeping, thread: 'state' }] }),
      })
      t.after(() => system.stop())
      const ref = system.ref<KeeperMessage>('root/keeper')
      const open = async () => {
        const store = await openStore(await ref.ask({ type: 'handle' }))
        const accounts = store.table('accounts', { key: text, value: number })
        const addOne = () => store.transact((tx) => tx.set(accounts, 'a', tx.get(accounts, 'a')! + 1))
        return { store, accounts, addOne, read: () => store.transact((tx) => tx.get(accounts, 'a')) }
      }
      const first = await open()
      await first.addOne()
      assert.equal(await first.read(), 1)

      // It has read, and commits once the committer is gone.
      const left = first.store.transact(async (tx) => {
        tx.set(first.accounts, 'a', tx.get(first.accounts, 'a')! + 1)
        await ref.tell({ type: 'end', duringCommit })
        await ref.ask({ type: 'handle' })
      })
      await assert.rejects(left, { code: 'STATE_STORE_CLOSED' })
      await assert.rejects(first.read(), { code: 'STATE_STORE_CLOSED' })

      const second = await open()
      assert.equal(await second.read(), 0)
      await Promise.all([second.addOne(), second.addOne(), second.addOne()])
      assert.equal(await second.read(), 3)
      second.store.close()
    })
  }
})
