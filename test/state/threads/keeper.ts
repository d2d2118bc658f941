import { defineActor, type Reply } from '../../../src/actors/index.ts'
import { number, Store, type StoreHandle, text } from '../../../src/state/index.ts'

export type KeeperMessage =
  | { readonly type: 'handle'; readonly reply: Reply<StoreHandle> }
  /** Ends the thread, in the midst of a commit where that is asked for. */
  | { readonly type: 'end'; readonly duringCommit: boolean }

/** An actor that makes a store, gives it to other threads, and commits what they ask for. */
export const keeper = defineActor<KeeperMessage, Store>({
  name: 'keeper',
  init() {
    const store = new Store({ shared: true })
    store.table('accounts', { key: text, value: number }).set('a', 0)
    return store
  },
  handle: {
    handle(store, { reply }) {
      reply(store.share())
      return store
    },
    end(store, { duringCommit }) {
      if (!duringCommit) process.exit()
      const value = { ...number, write: () => process.exit() }
      store.table('ends', { key: text, value }).set('a', 1)
      return store
    },
  },
})
