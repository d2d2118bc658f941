import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { expect, type StoreVariant } from './store-variant.ts'

/** In a file that nobody waits for; each write is a transaction, and each answer is there before the next one. */
export function overLmdb(keys: readonly string[]): StoreVariant {
  const path = mkdtempSync(join(tmpdir(), 'state-bench-'))
  const rows = open<number, string>({ path, noSync: true, encoding: 'json' })
  return {
    insert: () => keys.forEach((key, index) => rows.putSync(key, index)),
    get: () => keys.forEach((key, index) => expect(rows.get(key), index)),
    update: () => keys.forEach((key, index) => rows.putSync(key, index + 1)),
    transact: () => keys.forEach((key) => rows.transactionSync(() => rows.putSync(key, rows.get(key)! + 1))),
    scan: () => expect([...rows.getRange()].length, keys.length),
    remove: () => keys.forEach((key) => rows.removeSync(key)),
    async [Symbol.asyncDispose]() {
      await rows.close()
      rmSync(path, { recursive: true })
    },
  }
}
