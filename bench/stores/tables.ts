import { Schema } from 'effect'
import { type Codec, json, type KeyCodec, number, Store, text } from '../../src/state/index.ts'
import { numberOf } from './keys.ts'
import { expect, type StoreVariant } from './store-variant.ts'

export interface Person {
  readonly visits: number
  readonly total: number
}

export function overTable(keys: readonly string[], ordered: boolean): StoreVariant {
  return overRows(keys, text, ordered)
}

export function overNumberKeys(keys: readonly string[]): StoreVariant {
  return overRows(keys.map(numberOf), number, false)
}

function overRows<Key>(keys: readonly Key[], key: KeyCodec<Key>, ordered: boolean): StoreVariant {
  const store = new Store()
  const table = store.table('rows', { key, value: number, ordered })
  return {
    insert: () => keys.forEach((key, index) => table.set(key, index)),
    get: () => keys.forEach((key, index) => expect(table.get(key), index)),
    update: () => keys.forEach((key, index) => table.set(key, index + 1)),
    transact: () => keys.forEach((key) => store.transactSync((tx) => tx.set(table, key, tx.get(table, key)! + 1))),
    scan: () => expect([...table.scan()].length, keys.length),
    remove: () => keys.forEach((key) => table.delete(key)),
    async [Symbol.asyncDispose]() {},
  }
}

const schema = Schema.toStandardSchemaV1(Schema.Struct({ visits: Schema.Number, total: Schema.Number }))

/** Small objects; those that are set are checked by a schema, or by none. */
export function overJson(keys: readonly string[], hasSchema: boolean): StoreVariant {
  const store = new Store()
  const value: Codec<Person> = hasSchema ? json(schema) : json<Person>()
  const table = store.table('rows', { key: text, value })
  return {
    insert: () => keys.forEach((key, index) => table.set(key, { visits: index, total: 0.5 })),
    get: () => keys.forEach((key, index) => expect(table.get(key)!.visits, index)),
    update: () => keys.forEach((key, index) => table.set(key, { visits: index + 1, total: 1.5 })),
    transact: () =>
      keys.forEach((key) =>
        store.transactSync((tx) => {
          const { visits, total } = tx.get(table, key)!
          tx.set(table, key, { visits: visits + 1, total })
        }),
      ),
    scan: () => expect([...table.scan()].length, keys.length),
    remove: () => keys.forEach((key) => table.delete(key)),
    async [Symbol.asyncDispose]() {},
  }
}
