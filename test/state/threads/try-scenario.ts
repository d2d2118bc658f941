/** A process of a test: `<address of a layer> <scenario>`. It fails where the layer does not do what it should. */
import assert from 'node:assert/strict'
import {
  type Layer,
  observeThreads,
  OtherThread,
  readWhileChanging,
  searchWhileChanging,
  type StateLayer,
} from './scenarios.ts'

const scenarios = { searching, reading, histories, ending }
export type ScenarioName = keyof typeof scenarios

async function searching(layer: Layer): Promise<void> {
  await searchWhileChanging(layer, 2_000_000)
}

async function reading(layer: Layer, seed: number): Promise<void> {
  await readWhileChanging(layer, { rounds: 200, seed, growsMemory: false })
}

async function histories(layer: Layer, seed: number): Promise<void> {
  const { anomalies } = await observeThreads(layer, { isolation: 'serializable', transactions: 300, threads: 2, seed })
  assert.deepEqual(anomalies, [])
}

/** A row is deleted that another thread has read, which ends then in the midst of another transaction. */
async function ending(layer: Layer): Promise<void> {
  const { Store, json, text } = layer.state
  const store = new Store({ shared: true })
  const accounts = store.table('accounts', { key: text, value: json<{ name: string; amount: number }>() })
  accounts.set('a', { name: 'a', amount: 1 })
  const other = await OtherThread.start(layer, store.share())
  await other.take('begin', 'serializable')
  await other.take('amount', 'a')
  await other.take('set', 'b', 1)
  accounts.delete('a')
  assert.equal(await other.take('commit'), 'TRANSACTION_CONFLICT')
  await other.take('begin', 'serializable')
  accounts.set('a', { name: 'a', amount: 2 })
  await other.worker.terminate()
  // Until another one has come, the end of the first is known.
  await OtherThread.start(layer, store.share())
  assert.equal(store.keptVersions, 0)
}

const [url, name] = process.argv.slice(2) as [string, ScenarioName]
const layer = { url, state: (await import(url)) as StateLayer }
// What depends on moments is tried more than once.
for (let seed = 1; seed <= 2; seed++) await scenarios[name](layer, seed)
process.exit(0)
