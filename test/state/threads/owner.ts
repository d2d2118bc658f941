/** A thread of a test that makes a store for others, and posts what they open it by. */
import { parentPort } from 'node:worker_threads'
import { number, Store, text } from '../../../src/state/index.ts'

const store = new Store({ shared: true })
store.table('accounts', { key: text, value: number }).set('a', 1)
parentPort!.postMessage(store.share())
// It lives on, with its store, until it is ended.
setInterval(() => store.version, 60_000)
