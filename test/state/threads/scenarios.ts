import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { nextInt, seededRandom } from '../../../src/core/random.ts'
import type * as kernel from '../../../src/kernel/index.ts'
import type * as state from '../../../src/state/index.ts'
import { type Anomaly, checkHistory, HistoryRecorder, type ObservedTransaction } from '../../../src/testing/index.ts'
import {
  type Account,
  accountCount,
  accountKey,
  historyKeys,
  startThread,
  type Step,
  total,
  twinKey,
  twinsMax,
} from './tasks.ts'

export type StateLayer = Pick<typeof state, 'Store' | 'json' | 'text' | 'number'>

const layerUrl = new URL('../../../src/state/index.ts', import.meta.url).href
const bigRowBytes = 100_000

/** A layer `state`, or one with a fault, and where other threads find it. */
export interface Layer {
  readonly state: StateLayer
  readonly url: string
}

export async function soundLayer(): Promise<Layer> {
  return { state: (await import(layerUrl)) as StateLayer, url: layerUrl }
}

/** Accounts and twins, in a store that other threads may open. */
export class Bank {
  readonly store: state.Store
  readonly accounts: state.Table<string, Account>
  readonly #random

  constructor({ Store, json, text }: StateLayer, seed: number) {
    this.#random = seededRandom(seed)
    this.store = new Store({ shared: true })
    this.accounts = this.store.table('accounts', { key: text, value: json<Account>() })
    for (let place = 0; place < accountCount; place++) this.#set(accountKey(place), total / accountCount)
  }

  get sum(): number {
    let sum = 0
    for (let place = 0; place < accountCount; place++) sum += this.accounts.get(accountKey(place))!.amount
    return sum
  }

  /**
   * Changes accounts, and lets the index and the memory of the table grow and shrink, until others have ended; in turns
   * with what else is to be done in this thread, after so many changes each.
   */
  async changeUntil(ended: () => boolean, changesPerTurn: number): Promise<void> {
    for (let round = 0; !ended(); round++) {
      const isComing = round % 2 === 0
      for (let twin = 0; twin < twinsMax && !ended(); twin += changesPerTurn) {
        for (let next = twin; next < twin + changesPerTurn; next++) this.#change(next, isComing)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  /** Takes more than the memory grows by at a time, or frees it again for the rows after. */
  async growMemory(isComing: boolean): Promise<void> {
    for (let place = 0; place < 1_500; place++) {
      const name = `big-${place}`
      if (isComing) this.accounts.set(name, { name, amount: 0, padding: 'x'.repeat(bigRowBytes) })
      else this.accounts.delete(name)
      if (place % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #change(twin: number, isComing: boolean): void {
    this.store.transactSync(() => {
      for (const side of ['left', 'right']) {
        if (isComing) this.#set(twinKey(side, twin), twin)
        else this.accounts.delete(twinKey(side, twin))
      }
    })
    if (twin % 4 === 0) this.store.transactSync(() => this.#transfer())
  }

  #transfer(): void {
    const [from, to] = [
      accountKey(nextInt(this.#random, accountCount)),
      accountKey(nextInt(this.#random, accountCount)),
    ]
    const amount = nextInt(this.#random, 10)
    this.#set(from, this.accounts.get(from)!.amount - amount)
    this.#set(to, this.accounts.get(to)!.amount + amount)
  }

  #set(name: string, amount: number): void {
    this.accounts.set(name, { name, amount, padding: '-'.repeat(nextInt(this.#random, 300)) })
  }
}

/** Readers in other threads look at what must always hold, while this one changes all of it. Fails as they do. */
export async function readWhileChanging(
  { state, url }: Layer,
  { rounds, seed, growsMemory }: { rounds: number; seed: number; growsMemory: boolean },
): Promise<Bank> {
  const bank = new Bank(state, seed)
  const handle = bank.store.share()
  const threads = [1, 2].map((place) => startThread(url, handle, { kind: 'read', rounds, seed: seed + place }))
  let hasEnded = false
  const posted = Promise.all(threads.map((thread) => thread.posted)).finally(() => (hasEnded = true))
  try {
    if (growsMemory) for (const isComing of [true, false]) await bank.growMemory(isComing)
    await Promise.all([posted, bank.changeUntil(() => hasEnded, 500)])
    return bank
  } finally {
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }
}

/**
 * Another thread searches for rows as of a commit, while this one puts and takes back versions of later ones in the same
 * blocks, and rows around them, with which the index splits and joins pages.
 */
export async function searchWhileChanging({ url }: Layer, searches: number): Promise<void> {
  const kernelUrl = new URL('../kernel/index.ts', url).href
  const { VersionedRows } = (await import(kernelUrl)) as typeof kernel
  const rows = new VersionedRows({ bytesMax: 2 ** 28, isOrdered: false, isShared: true, seed: [1, 2] })
  const put = (key: number, stamp: number) => {
    rows.bytes.writeUInt32LE(key, rows.keyAt)
    rows.ask(4)
    return rows.put(0, stamp)
  }
  const places = Array.from({ length: 64 }, (_, key) => put(key, 1))
  const workerData = { kernelUrl, rows: rows.shared, places, count: searches }
  const worker = new Worker(new URL('searcher.ts', import.meta.url), { workerData })
  let hasEnded = false
  const ended = once(worker, 'message').finally(() => (hasEnded = true))
  const change = async () => {
    while (!hasEnded) {
      for (let turn = 0; turn < 100_000; turn++) rows.undo(put(turn % places.length, 2))
      const others = Array.from({ length: 12_000 }, (_, place) => put(places.length + place, 2))
      for (const address of others) rows.undo(address)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await Promise.all([ended, change()])
}

export interface HistoryOptions {
  readonly isolation: 'snapshot' | 'serializable'
  /** Of each of the threads. */
  readonly transactions: number
  readonly threads: number
  readonly seed: number
}

/** What threads do at the same time on the same lists, as one history, and what contradicts serializability in it. */
export async function observeThreads(
  { state, url }: Layer,
  { isolation, transactions, threads: threadCount, seed }: HistoryOptions,
): Promise<{ history: ObservedTransaction[]; anomalies: Anomaly[]; keptVersions: number }> {
  const store = new state.Store({ shared: true })
  const lists = store.table('lists', { key: state.text, value: state.json<readonly number[]>() })
  const recorder = new HistoryRecorder()
  const { counters } = recorder
  const threads = Array.from({ length: threadCount }, (_, place) =>
    startThread(url, store.share(), { kind: 'history', transactions, seed: seed + place, counters, isolation }),
  )
  const observed = await Promise.all(threads.map(({ posted }) => posted as Promise<ObservedTransaction[]>))
  const last = recorder.begin()
  for (const key of historyKeys) last.read(key, lists.get(key) ?? [])
  last.end('committed')
  const history = [...observed.flat(), ...recorder.history].map((transaction, id) => ({ ...transaction, id }))
  await Promise.all(threads.map(({ worker }) => worker.terminate()))
  return { history, anomalies: checkHistory(history), keptVersions: store.keptVersions }
}

/** A transaction of another thread that is taken step by step. */
export class OtherThread {
  readonly worker: Worker

  private constructor(worker: Worker) {
    this.worker = worker
  }

  static async start({ url }: Layer, handle: state.StoreHandle): Promise<OtherThread> {
    const { worker, posted } = startThread(url, handle, { kind: 'steps' })
    await posted
    return new OtherThread(worker)
  }

  /** What a step gives; it fails with the code that it has failed with. */
  async take(...step: Step): Promise<unknown> {
    this.worker.postMessage(step)
    const [{ result, code }] = (await once(this.worker, 'message')) as [{ result?: unknown; code?: string }]
    if (code !== undefined) throw Object.assign(new Error(code), { code })
    return result
  }
}
