/** `node --expose-gc memory.ts <name> <rows>` prints, as JSON, what a row takes that is kept so. */
import { keyOf } from './keys.ts'
import { json, number, Store, text } from '../../src/state/index.ts'
import type { Person } from './tables.ts'

export const memoryNames = ['Map, objects', 'table, JSON', 'Map, numbers', 'table, numbers'] as const
export type MemoryName = (typeof memoryNames)[number]

/** Bytes a row. */
export interface RowMemory {
  /** By which the process has grown. */
  readonly process: number
  /** Without the free part of the JavaScript heap, which the system does not get back at once. */
  readonly live: number
}

const kept: Record<MemoryName, (rowCount: number) => unknown> = {
  'Map, objects'(rowCount) {
    const map = new Map<string, Person>()
    for (let index = 0; index < rowCount; index++) map.set(keyOf(index), personOf(index))
    return map
  },
  'table, JSON'(rowCount) {
    const table = new Store().table('rows', { key: text, value: json<Person>() })
    for (let index = 0; index < rowCount; index++) table.set(keyOf(index), personOf(index))
    return table
  },
  'Map, numbers'(rowCount) {
    const map = new Map<string, number>()
    for (let index = 0; index < rowCount; index++) map.set(keyOf(index), index)
    return map
  },
  'table, numbers'(rowCount) {
    const table = new Store().table('rows', { key: text, value: number })
    for (let index = 0; index < rowCount; index++) table.set(keyOf(index), index)
    return table
  },
}

function personOf(index: number): Person {
  return { visits: index % 1_000, total: index / 2 }
}

if (import.meta.main) {
  const [name, rows] = process.argv.slice(2)
  const rowCount = Number(rows)
  gc!()
  const before = process.memoryUsage()
  const all = kept[name as MemoryName](rowCount)
  gc!()
  gc!()
  const after = process.memoryUsage()
  const rss = after.rss - before.rss
  const free = after.heapTotal - after.heapUsed - before.heapTotal + before.heapUsed
  console.log(JSON.stringify({ process: rss / rowCount, live: (rss - free) / rowCount } satisfies RowMemory))
  if (all === undefined) throw new Error('nothing was kept')
}
