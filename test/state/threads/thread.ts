/** A thread of a test: opens the store that it is given, does one task, and posts what has come of it. */
import { parentPort, workerData } from 'node:worker_threads'
import { nextInt, seededRandom } from '../../../src/core/random.ts'
import type * as state from '../../../src/state/index.ts'
import {
  type Account,
  accountCount,
  accountKey,
  historyKeys,
  type Step,
  type Task,
  total,
  twinKey,
  twinsMax,
} from './tasks.ts'

const { layer, handle, task } = workerData as { layer: string; handle: state.StoreHandle; task: Task }
const { json, number, openStore, text, TransactionConflict } = (await import(layer)) as typeof state
const store = await openStore(handle)
parentPort!.postMessage(await run())

async function run(): Promise<unknown> {
  if (task.kind === 'increment') return increment(task.count)
  if (task.kind === 'read') return read(task.rounds, task.seed)
  if (task.kind === 'transfer') return transfer(task.count, task.seed)
  if (task.kind === 'history') return observe(task)
  takeSteps()
  return 'ready'
}

async function increment(count: number): Promise<void> {
  const counters = store.table('counters', { key: text, value: number })
  for (let done = 0; done < count; done++) {
    await store.transact({ retriesMax: 10_000 }, async (tx) => {
      const value = tx.get(counters, 'count') ?? 0
      await Promise.resolve()
      tx.set(counters, 'count', value + 1)
    })
  }
}

/** Reads what must hold at each version, while all of it is changed. */
async function read(rounds: number, seed: number): Promise<number> {
  const accounts = store.table('accounts', { key: text, value: json<Account>() })
  const random = seededRandom(seed)
  let last = 0
  for (let round = 0; round < rounds; round++) {
    await store.transact({ isolation: 'snapshot' }, (tx) => {
      let sum = 0
      for (let place = 0; place < accountCount; place++) sum += amountOf(tx.get(accounts, accountKey(place)), place)
      if (sum !== total) throw new Error(`${sum} in all accounts, not ${total}`)
      const twin = nextInt(random, twinsMax)
      const [left, right] = ['left', 'right'].map((side) => tx.get(accounts, twinKey(side, twin)))
      if (left?.amount !== right?.amount) throw new Error(`twins of ${left?.amount} and ${right?.amount}`)
      if (tx.has(accounts, twinKey('left', twin)) !== (left !== undefined)) throw new Error('a twin came or went')
    })
    if (store.version < last) throw new Error('a version before the one that was seen')
    last = store.version
    // Lets messages in.
    if (round % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return last
}

function amountOf(account: Account | undefined, place: number): number {
  if (account?.name !== accountKey(place)) throw new Error(`${account?.name} in place of ${accountKey(place)}`)
  if (account.padding !== '-'.repeat(account.padding.length)) throw new Error('bytes of another row')
  return account.amount
}

async function transfer(count: number, seed: number): Promise<void> {
  const accounts = store.table('accounts', { key: text, value: json<Account>() })
  const random = seededRandom(seed)
  for (let done = 0; done < count; done++) {
    const [from, to] = [accountKey(nextInt(random, accountCount)), accountKey(nextInt(random, accountCount))]
    const amount = nextInt(random, 10)
    await store.transact({ retriesMax: 10_000 }, (tx) => {
      for (const [name, change] of [
        [from, -amount],
        [to, amount],
      ] as const) {
        const padding = '-'.repeat(nextInt(random, 300))
        tx.set(accounts, name, { name, amount: tx.get(accounts, name)!.amount + change, padding })
      }
    })
  }
}

/** Transactions on lists, which read and append, two at a time. */
async function observe({
  transactions,
  seed,
  counters,
  isolation,
}: Extract<Task, { kind: 'history' }>): Promise<unknown> {
  const lists = store.table('lists', { key: text, value: json<readonly number[]>() })
  const { HistoryRecorder } = await import('../../../src/testing/index.ts')
  const recorder = new HistoryRecorder(counters)
  const random = seededRandom(seed)
  let left = transactions
  const client = async () => {
    while (left-- > 0) {
      const recorded = recorder.begin()
      try {
        await store.transact({ isolation, retriesMax: 0 }, async (tx) => {
          for (let count = 1 + nextInt(random, 4); count > 0; count--) {
            const key = historyKeys[nextInt(random, historyKeys.length)]!
            const elements = tx.get(lists, key) ?? []
            recorded.read(key, elements)
            const kind = nextInt(random, 8)
            if (kind < 3) tx.set(lists, key, [...elements, recorded.append(key)])
            if (kind === 7) await Promise.resolve()
          }
        })
        recorded.end('committed')
      } catch (error) {
        if (!(error instanceof TransactionConflict)) throw error
        recorded.end('aborted')
      }
    }
  }
  await Promise.all([client(), client()])
  return recorder.history
}

/** Takes one transaction step by step, as it is told, until it is ended from outside. */
function takeSteps(): void {
  const accounts = store.table('accounts', { key: text, value: json<Account>() })
  let transaction: state.SharedTransaction | undefined
  let ended = Promise.withResolvers<void>()
  let done: Promise<string>
  const steps: Record<Step[0], (...args: never[]) => unknown> = {
    begin: async (isolation: state.SharedIsolation) => {
      const begun = Promise.withResolvers<void>()
      ended = Promise.withResolvers()
      done = store
        .transact({ isolation, retriesMax: 0 }, async (tx) => {
          transaction = tx
          begun.resolve()
          await ended.promise
        })
        .then(
          () => 'committed',
          (error: { code: string }) => error.code,
        )
      await Promise.race([begun.promise, done])
    },
    amount: (name: string) => transaction!.get(accounts, name)?.amount,
    set: (name: string, amount: number) => transaction!.set(accounts, name, { name, amount, padding: '' }),
    delete: (name: string) => transaction!.delete(accounts, name),
    commit: () => {
      ended.resolve()
      return done
    },
    close: () => store.close(),
  }
  const take = async ([name, ...args]: Step) => {
    try {
      parentPort!.postMessage({ result: await steps[name](...(args as never[])) })
    } catch (error) {
      parentPort!.postMessage({ code: (error as { code: string }).code })
    }
  }
  parentPort!.on('message', (step: Step) => void take(step))
}
