import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Commit, json, number, Store, text } from './index.ts'

const code = (expected: string) => ({ code: expected })

async function take(changes: AsyncGenerator<Commit, void>, count: number): Promise<Commit[]> {
  const commits: Commit[] = []
  if (count === 0) return commits
  for await (const commit of changes) if (commits.push(commit) === count) break
  return commits
}

function feed(changesMax: number) {
  const store = new Store({ changesMax })
  const rows = store.table('rows', { key: number, value: number })
  return { store, rows }
}

describe('The changes of a store', () => {
  it('are those of each commit, in order and without gaps, over all tables', async () => {
    const { store, rows } = feed(100)
    const names = store.table('names', { key: text, value: json<{ name: string }>() })
    rows.set(1, 10)
    store.transactSync((tx) => {
      tx.set(names, 'a', { name: 'A' })
      tx.delete(rows, 1)
    })
    store.transactSync((tx) => tx.get(names, 'a'))
    rows.delete(1)
    rows.set(2, 20)

    assert.deepEqual(await take(store.changes({ after: 0 }), 3), [
      { version: 1, changes: [{ table: 'rows', key: 1, value: 10 }] },
      {
        version: 2,
        changes: [
          { table: 'names', key: 'a', value: { name: 'A' } },
          { table: 'rows', key: 1, value: undefined },
        ],
      },
      { version: 3, changes: [{ table: 'rows', key: 2, value: 20 }] },
    ])
  })

  it('come as they happen, and go on after the last one that was seen', async () => {
    const { store, rows } = feed(100)
    const first = take(store.changes({ after: 0 }), 2)
    rows.set(1, 1)
    await new Promise((resolve) => setImmediate(resolve))
    rows.set(2, 2)
    const seen = await first
    rows.set(3, 3)

    const next = await take(store.changes({ after: seen.at(-1)!.version }), 1)

    assert.deepEqual(
      [...seen, ...next].map(({ version }) => version),
      [1, 2, 3],
    )
  })

  it('bring a copy up to date with the table', async () => {
    const { store, rows } = feed(10_000)
    for (let key = 0; key < 100; key++) rows.set(key, 0)
    using snapshot = rows.at(store.version)
    const copy = new Map(snapshot.scan())
    for (let change = 0; change < 1_000; change++) {
      const key = (change * 7_919) % 150
      if (change % 3 === 0) rows.delete(key)
      else rows.set(key, change)
    }

    for (const { changes } of await take(store.changes({ after: snapshot.version }), store.version - snapshot.version))
      for (const { key, value } of changes)
        if (value === undefined) copy.delete(key as number)
        else copy.set(key as number, value as number)

    const byKey = ([a]: [number, number], [b]: [number, number]) => a - b
    assert.deepEqual([...copy].sort(byKey), [...rows.scan()].sort(byKey))
  })

  it('are those of the latest commits, and whoever asks for others is told', async () => {
    const { store, rows } = feed(10)
    const slow = store.changes({ after: 0 })
    rows.set(0, 0)
    await slow.next()
    for (let key = 1; key <= 25; key++) rows.set(key, key)

    assert.deepEqual(
      (await take(store.changes({ after: 16 }), 10)).map(({ version }) => version),
      [17, 18, 19, 20, 21, 22, 23, 24, 25, 26],
    )
    await assert.rejects(slow.next(), code('STATE_CHANGES_LOST'))
    await assert.rejects(store.changes({ after: 15 }).next(), code('STATE_CHANGES_LOST'))
    await assert.rejects(new Store().changes({ after: 0 }).next(), code('STATE_CHANGES_LOST'))
  })

  it('are refused after what is no version of the store, or has not been there yet', async () => {
    const { store, rows } = feed(10)
    rows.set(1, 1)

    for (const after of [1.5, NaN, -1, 2, '1' as unknown as number])
      await assert.rejects(store.changes({ after }).next(), code('CONFIG_INVALID_VALUE'))
    assert.equal((await take(store.changes({ after: 0 }), 1)).length, 1)
  })

  it('end when the signal aborts', async () => {
    const { store, rows } = feed(10)
    const aborting = new AbortController()
    const changes = store.changes({ after: 0, signal: aborting.signal })
    rows.set(1, 1)
    await changes.next()

    const next = changes.next()
    aborting.abort()

    assert.deepEqual(await next, { value: undefined, done: true })
  })
})
