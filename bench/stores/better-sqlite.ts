import { createRequire } from 'node:module'
import { expect, type StoreVariant } from './store-variant.ts'

interface Statement {
  run(...values: unknown[]): unknown
  get(...values: unknown[]): Readonly<Record<string, unknown>> | undefined
  all(): readonly unknown[]
}

interface Database {
  exec(statements: string): void
  prepare(statement: string): Statement
  transaction<Arguments extends unknown[]>(run: (...args: Arguments) => void): (...args: Arguments) => void
}

// It comes without types.
const require = createRequire(import.meta.url)
const Database = require('better-sqlite3') as new (path: string) => Database

/** In memory, with prepared statements and its own transactions. */
export function overBetterSqlite(keys: readonly string[]): StoreVariant {
  const database = new Database(':memory:')
  database.exec('CREATE TABLE rows (key TEXT PRIMARY KEY, value REAL) WITHOUT ROWID')
  const put = database.prepare('INSERT INTO rows VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
  const get = database.prepare('SELECT value FROM rows WHERE key = ?')
  const remove = database.prepare('DELETE FROM rows WHERE key = ?')
  const addOne = database.transaction((key: string) => put.run(key, (get.get(key)!['value'] as number) + 1))
  return {
    insert: () => keys.forEach((key, index) => put.run(key, index)),
    get: () => keys.forEach((key, index) => expect(get.get(key)!['value'], index)),
    update: () => keys.forEach((key, index) => put.run(key, index + 1)),
    transact: () => keys.forEach((key) => addOne(key)),
    scan: () => expect(database.prepare('SELECT key, value FROM rows').all().length, keys.length),
    remove: () => keys.forEach((key) => remove.run(key)),
    async [Symbol.asyncDispose]() {},
  }
}
