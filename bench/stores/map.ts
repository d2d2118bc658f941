import { expect, type StoreVariant } from './store-variant.ts'

export function overMap(keys: readonly string[]): StoreVariant {
  const map = new Map<string, number>()
  return {
    insert: () => keys.forEach((key, index) => map.set(key, index)),
    get: () => keys.forEach((key, index) => expect(map.get(key), index)),
    update: () => keys.forEach((key, index) => map.set(key, index + 1)),
    scan: () => expect([...map].length, keys.length),
    remove: () => keys.forEach((key) => map.delete(key)),
    async [Symbol.asyncDispose]() {},
  }
}
