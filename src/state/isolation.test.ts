import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { begin } from './fixtures/session.ts'
import { type Isolation, number, Store, type Table, text } from './index.ts'

type Outcome = 'occurs' | 'never'
type Scenario = (store: Store, table: Table<string, number>, isolation: Isolation) => Promise<boolean>

/** Which anomalies each level allows: `docs/tables.md` has the same table. */
const anomalies: Record<string, { scenario: Scenario } & Record<Isolation, Outcome>> = {
  'dirty read': { scenario: dirtyRead, readCommitted: 'never', snapshot: 'never', serializable: 'never' },
  'lost update': { scenario: lostUpdate, readCommitted: 'occurs', snapshot: 'never', serializable: 'never' },
  'non-repeatable read': {
    scenario: nonRepeatableRead,
    readCommitted: 'occurs',
    snapshot: 'never',
    serializable: 'never',
  },
  'read skew': { scenario: readSkew, readCommitted: 'occurs', snapshot: 'never', serializable: 'never' },
  phantom: { scenario: phantom, readCommitted: 'occurs', snapshot: 'never', serializable: 'never' },
  'write skew': { scenario: writeSkew, readCommitted: 'occurs', snapshot: 'occurs', serializable: 'never' },
  'write skew over absent rows': {
    scenario: absentSkew,
    readCommitted: 'occurs',
    snapshot: 'occurs',
    serializable: 'never',
  },
  'write skew over a range': {
    scenario: rangeSkew,
    readCommitted: 'occurs',
    snapshot: 'occurs',
    serializable: 'never',
  },
  'write skew over a size': { scenario: sizeSkew, readCommitted: 'occurs', snapshot: 'occurs', serializable: 'never' },
}

describe('L3 isolation', () => {
  for (const [name, { scenario, ...expected }] of Object.entries(anomalies)) {
    for (const isolation of ['readCommitted', 'snapshot', 'serializable'] as const) {
      const outcome = expected[isolation]
      it(`${isolation}: a ${name} ${outcome === 'occurs' ? 'may occur' : 'does not occur'}`, async () => {
        const store = new Store()
        const table = store.table('rows', { key: text, value: number, ordered: true })
        table.set('x', 1)
        table.set('y', 1)

        assert.equal(await scenario(store, table, isolation), outcome === 'occurs')
        assert.equal(store.keptVersions, 0)
      })
    }
  }
})

async function dirtyRead(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  const writer = await begin(store, isolation)
  const reader = await begin(store, isolation)
  writer.tx.set(table, 'x', 2)
  const seen = reader.tx.get(table, 'x')
  await writer.commit()
  await reader.commit()
  return seen === 2
}

async function lostUpdate(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  const sessions = [await begin(store, isolation), await begin(store, isolation)]
  for (const { tx } of sessions) tx.set(table, 'x', tx.get(table, 'x')! + 1)
  const committed = [await sessions[0]!.commit(), await sessions[1]!.commit()].filter(Boolean).length
  return table.get('x') !== 1 + committed
}

async function nonRepeatableRead(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  const { tx, commit } = await begin(store, isolation)
  const first = tx.get(table, 'x')
  table.set('x', 2)
  const second = tx.get(table, 'x')
  await commit()
  return first !== second
}

async function readSkew(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  const { tx, commit } = await begin(store, isolation)
  const x = tx.get(table, 'x')!
  store.transactSync((other) => {
    other.set(table, 'x', 0)
    other.set(table, 'y', 2)
  })
  const y = tx.get(table, 'y')!
  await commit()
  return x + y !== 2
}

async function phantom(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  const { tx, commit } = await begin(store, isolation)
  const before = [...tx.scan(table, { from: 'a' })].length
  table.set('between', 1)
  const after = [...tx.scan(table, { from: 'a' })].length
  await commit()
  return before !== after
}

/** Each of two transactions may write where the other one has not. */
async function skew(
  store: Store,
  isolation: Isolation,
  mayWrite: (tx: Awaited<ReturnType<typeof begin>>['tx']) => boolean,
  write: ((tx: Awaited<ReturnType<typeof begin>>['tx']) => void)[],
): Promise<boolean> {
  const sessions = [await begin(store, isolation), await begin(store, isolation)]
  sessions.forEach(({ tx }, index) => mayWrite(tx) && write[index]!(tx))
  const committed = [await sessions[0]!.commit(), await sessions[1]!.commit()]
  return committed.every(Boolean)
}

async function writeSkew(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  return skew(store, isolation, (tx) => tx.get(table, 'x')! + tx.get(table, 'y')! === 2, [
    (tx) => tx.set(table, 'x', 0),
    (tx) => tx.set(table, 'y', 0),
  ])
}

async function absentSkew(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  return skew(store, isolation, (tx) => !tx.has(table, 'a') && tx.get(table, 'b') === undefined, [
    (tx) => tx.set(table, 'a', 1),
    (tx) => tx.set(table, 'b', 1),
  ])
}

async function rangeSkew(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  return skew(store, isolation, (tx) => [...tx.scan(table, { from: 'p', to: 'q' })].length === 0, [
    (tx) => tx.set(table, 'p1', 1),
    (tx) => tx.set(table, 'p2', 1),
  ])
}

async function sizeSkew(store: Store, table: Table<string, number>, isolation: Isolation): Promise<boolean> {
  return skew(store, isolation, (tx) => tx.size(table) === 2, [
    (tx) => tx.set(table, 'a', 1),
    (tx) => tx.set(table, 'b', 1),
  ])
}
