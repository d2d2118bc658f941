import { DatabaseSync } from 'node:sqlite'
import { expect, type StoreVariant } from './store-variant.ts'

/** In memory, with prepared statements. */
export function overSqlite(keys: readonly string[]): StoreVariant {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE rows (key TEXT PRIMARY KEY, value REAL) WITHOUT ROWID')
  const put = database.prepare('INSERT INTO rows VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
  const get = database.prepare('SELECT value FROM rows WHERE key = ?')
  const remove = database.prepare('DELETE FROM rows WHERE key = ?')
  const [begin, commit] = [database.prepare('BEGIN'), database.prepare('COMMIT')]
  return {
    insert: () => keys.forEach((key, index) => put.run(key, index)),
    get: () => keys.forEach((key, index) => expect(get.get(key)!['value'], index)),
    update: () => keys.forEach((key, index) => put.run(key, index + 1)),
    transact: () =>
      keys.forEach((key) => {
        begin.run()
        put.run(key, (get.get(key)!['value'] as number) + 1)
        commit.run()
      }),
    scan: () => expect(database.prepare('SELECT key, value FROM rows').all().length, keys.length),
    remove: () => keys.forEach((key) => remove.run(key)),
    async [Symbol.asyncDispose]() {},
  }
}
