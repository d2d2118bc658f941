/**
 * Tables against `Map`, and their transactions against SQLite in memory, as Node brings it:
 * `node bench/state.bench.ts [--rows 1000000] [--rounds 5]`. Each round takes all variants in turn, so that a slow
 * moment of the machine meets all alike. Rates are by the CPU time of the process, garbage collection included. Memory
 * is measured in a process for each variant.
 */
import { execFileSync } from 'node:child_process'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { nextInt, seededRandom } from '../src/core/random.ts'
import { json, number, Store, text } from '../src/state/index.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    memory: { type: 'string' },
  },
})
const rowCount = Number(values.rows)

interface Person {
  readonly visits: number
  readonly total: number
}

/** Runs each step over all keys; `undefined` where a variant has none. */
interface Variant {
  readonly insert: () => void
  readonly get: () => void
  readonly update: () => void
  readonly transact: (() => void) | undefined
  readonly scan: (() => void) | undefined
  readonly remove: () => void
}
const steps = ['insert', 'get', 'update', 'transact', 'scan', 'remove'] as const

function printRates(): void {
  const keys = shuffledKeys()
  const variants: Record<string, () => Variant> = {
    'Map, numbers': () => overMap(keys),
    'table, numbers': () => overTable(keys, false),
    'table, numbers, ordered': () => overTable(keys, true),
    'table, JSON': () => overJson(keys),
    'SQLite, numbers': () => overSqlite(keys),
  }
  const rates = Object.keys(variants).map(() => steps.map((): number[] => []))
  for (let round = -1; round < Number(values.rounds); round++) {
    Object.values(variants).forEach((make, index) => {
      const variant = make()
      steps.forEach((step, place) => {
        const run = variant[step]
        if (run === undefined) return
        const startMs = cpuMs()
        run()
        if (round >= 0) rates[index]![place]!.push(rowCount / 1_000 / (cpuMs() - startMs))
      })
    })
  }
  console.log(
    `node ${process.version}, ${rowCount} rows with keys of 20 characters, ${values.rounds} rounds, millions a second of CPU`,
  )
  Object.keys(variants).forEach((name, index) => {
    const texts = steps.flatMap((step, place) => {
      const measured = rates[index]![place]!
      return measured.length === 0 ? [] : `${step} ${spreadText(spreadOf(measured), 2)}`
    })
    console.log(`${name}: ${texts.join(', ')}`)
  })
}

function overMap(keys: readonly string[]): Variant {
  const map = new Map<string, number>()
  return {
    insert: () => keys.forEach((key, index) => map.set(key, index)),
    get: () => keys.forEach((key, index) => expect(map.get(key), index)),
    update: () => keys.forEach((key, index) => map.set(key, index + 1)),
    transact: undefined,
    scan: () => expect([...map].length, rowCount),
    remove: () => keys.forEach((key) => map.delete(key)),
  }
}

function overTable(keys: readonly string[], ordered: boolean): Variant {
  const store = new Store()
  const table = store.table('rows', { key: text, value: number, ordered })
  return {
    insert: () => keys.forEach((key, index) => table.set(key, index)),
    get: () => keys.forEach((key, index) => expect(table.get(key), index)),
    update: () => keys.forEach((key, index) => table.set(key, index + 1)),
    transact: () => keys.forEach((key) => store.transactSync((tx) => tx.set(table, key, tx.get(table, key)! + 1))),
    scan: () => expect([...table.scan()].length, rowCount),
    remove: () => keys.forEach((key) => table.delete(key)),
  }
}

function overJson(keys: readonly string[]): Variant {
  const store = new Store()
  const table = store.table('rows', { key: text, value: json<Person>() })
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
    scan: () => expect([...table.scan()].length, rowCount),
    remove: () => keys.forEach((key) => table.delete(key)),
  }
}

function overSqlite(keys: readonly string[]): Variant {
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
    scan: () => expect(database.prepare('SELECT key, value FROM rows').all().length, rowCount),
    remove: () => keys.forEach((key) => remove.run(key)),
  }
}

/** What is kept of rows whose keys and values nobody else keeps. */
const memories: Record<string, () => unknown> = {
  'Map, objects': () => {
    const map = new Map<string, Person>()
    for (let index = 0; index < rowCount; index++) map.set(keyOf(index), { visits: index % 1_000, total: 0.5 })
    return map
  },
  'table, JSON': () => {
    const table = new Store().table('rows', { key: text, value: json<Person>() })
    for (let index = 0; index < rowCount; index++) table.set(keyOf(index), { visits: index % 1_000, total: 0.5 })
    return table
  },
  'Map, numbers': () => {
    const map = new Map<string, number>()
    for (let index = 0; index < rowCount; index++) map.set(keyOf(index), index)
    return map
  },
  'table, numbers': () => {
    const table = new Store().table('rows', { key: text, value: number })
    for (let index = 0; index < rowCount; index++) table.set(keyOf(index), index)
    return table
  },
}

if (values.memory !== undefined) printMemory(values.memory)
else {
  printRates()
  for (const name of Object.keys(memories)) {
    const output = execFileSync(process.execPath, [import.meta.filename, '--rows', values.rows, '--memory', name])
    console.log(output.toString('utf8').trim())
  }
}

function printMemory(name: string): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const before = process.memoryUsage()
  const kept = memories[name]!()
  collect()
  collect()
  const after = process.memoryUsage()
  const perRow = (bytes: number) => (bytes / rowCount).toFixed(0)
  console.log(
    `${name}: ${perRow(after.rss - before.rss)} bytes a row of the process, ${perRow(after.heapUsed - before.heapUsed)} of the heap`,
  )
  if (kept === undefined) throw new Error('nothing was kept')
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function shuffledKeys(): string[] {
  const random = seededRandom(1)
  const keys = Array.from({ length: rowCount }, (_, index) => keyOf(index))
  for (let index = keys.length - 1; index > 0; index--) {
    const other = nextInt(random, index + 1)
    ;[keys[index], keys[other]] = [keys[other]!, keys[index]!]
  }
  return keys
}

function keyOf(index: number): string {
  return `customer-${String(index).padStart(11, '0')}`
}

function expect(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${String(actual)} is not ${String(expected)}`)
}
