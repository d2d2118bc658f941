/**
 * Tables against `Map`, and against what else programs of Node.js keep rows in: SQLite in memory, as Node brings it,
 * lmdb, and Redis over a socket where `/usr/bin/redis-server` is there:
 * `node bench/state.bench.ts [--rows 1000000] [--rounds 5]`. Each round takes all variants in turn, so that a slow
 * moment of the machine meets all alike. Rates are by CPU time, garbage collection and the server of Redis included.
 * Memory is measured in a process for each variant.
 */
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { nextInt, seededRandom } from '../src/core/random.ts'
import { json, number, Store, text } from '../src/state/index.ts'
import { spreadOf, spreadText } from './statistics.ts'
import { overLmdb } from './stores/lmdb.ts'
import { overMap } from './stores/map.ts'
import { hasRedis, overRedis } from './stores/redis.ts'
import { overSqlite } from './stores/sqlite.ts'
import type { StoreVariant } from './stores/store-variant.ts'
import { overJson, overTable, type Person } from './stores/tables.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    memory: { type: 'string' },
  },
})
const rowCount = Number(values.rows)

const steps = ['insert', 'get', 'update', 'transact', 'scan', 'remove'] as const

async function printRates(): Promise<void> {
  const keys = shuffledKeys()
  const variants: Record<string, () => StoreVariant | Promise<StoreVariant>> = {
    'table, numbers': () => overTable(keys, false),
    'table, numbers, ordered': () => overTable(keys, true),
    'table, JSON': () => overJson(keys),
    'Map, numbers': () => overMap(keys),
    'SQLite, numbers': () => overSqlite(keys),
    'lmdb, numbers': () => overLmdb(keys),
    ...(hasRedis && { 'Redis, numbers': () => overRedis(keys) }),
  }
  const rates = new Map(Object.keys(variants).map((name) => [name, steps.map((): number[] => [])]))
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const [name, make] of Object.entries(variants)) {
      await using variant = await make()
      const cpuMs = () => ownCpuMs() + (variant.serverCpuMs?.() ?? 0)
      for (const [place, step] of steps.entries()) {
        if (variant[step] === undefined) continue
        const startMs = cpuMs()
        await variant[step]()
        if (round >= 0) rates.get(name)![place]!.push(rowCount / 1_000 / (cpuMs() - startMs))
      }
    }
  }
  console.log(
    `node ${process.version}, ${rowCount} rows with keys of 20 characters, ${values.rounds} rounds, millions a second of CPU\n`,
  )
  console.log(
    `| | ${steps.join(' | ')} | transactions of a table to one of it |\n|---|${'---|'.repeat(steps.length + 1)}`,
  )
  const [own] = rates.values()
  const transactions = steps.indexOf('transact')
  for (const [name, measured] of rates) {
    const ratios = measured[transactions]!.map((rate, round) => own![transactions]![round]! / rate)
    console.log(`| ${[name, ...measured.map(cellOf), cellOf(ratios)].join(' | ')} |`)
  }
  console.log()
}

function cellOf(measured: readonly number[]): string {
  return measured.length === 0 ? '' : spreadText(spreadOf(measured), 2)
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
  await printRates()
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

function ownCpuMs(): number {
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
