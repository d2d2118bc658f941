/**
 * Tables against `Map`, against what else programs of Node.js keep rows in (better-sqlite3 in memory, lmdb, and Redis
 * over a socket where `/usr/bin/redis-server` is there), and against Lever, the transactional table of Bastion, where
 * there is cargo: `node bench/state.bench.ts [--rows 1000000] [--minutes 6]`.
 *
 * Each round takes all variants in turn, so that a slow moment of the machine meets all alike, and each second round the
 * other way round, because the first of a round pays for the memory that the others find warm. The slow ones take part
 * in the first two, and no round begins that would not end within the minutes. Rates are by CPU time, garbage collection
 * and the server of Redis included. Memory is measured in a process for each variant. At the end each bound stands with
 * its ratio, the middle of all rounds and their range, and whether it holds.
 */
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { nextInt, seededRandom } from '../src/core/random.ts'
import { type Spread, spreadOf, spreadText } from './statistics.ts'
import { overBetterSqlite } from './stores/better-sqlite.ts'
import { keyOf } from './stores/keys.ts'
import { hasCargo, overLever } from './stores/lever.ts'
import { overLmdb } from './stores/lmdb.ts'
import { overMap } from './stores/map.ts'
import { type MemoryName, memoryNames, type RowMemory } from './stores/memory.ts'
import { hasRedis, overRedis } from './stores/redis.ts'
import type { StoreVariant } from './stores/store-variant.ts'
import { overJson, overNumberKeys, overTable } from './stores/tables.ts'

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, minutes: { type: 'string', default: '6' } },
})
const rowCount = Number(values.rows)
const roundsMin = 2
const roundsMax = 7
const memoryRounds = 3

const steps = ['insert', 'get', 'update', 'transact', 'transactHeld', 'scan', 'remove'] as const
type Step = (typeof steps)[number]

const variants = {
  'table, numbers': (keys) => overTable(keys, false),
  'table, numbers, ordered': (keys) => overTable(keys, true),
  'table, JSON': (keys) => overJson(keys, false),
  'table, JSON with a schema': (keys) => overJson(keys, true),
  'table, number keys': overNumberKeys,
  'Lever, numbers': (keys) => overLever(keys, 'text'),
  'Lever, number keys': (keys) => overLever(keys, 'number'),
  'Map, numbers': overMap,
  'better-sqlite3, numbers': overBetterSqlite,
  'lmdb, numbers': overLmdb,
  'Redis, numbers': overRedis,
} satisfies Record<string, (keys: readonly string[]) => StoreVariant | Promise<StoreVariant>>
type Variant = keyof typeof variants
const slow: ReadonlySet<Variant> = new Set(['lmdb, numbers', 'Redis, numbers'])

/** Those that something has to be installed for. */
const available: Partial<Record<Variant, boolean>> = {
  'Lever, numbers': hasCargo,
  'Lever, number keys': hasCargo,
  'Redis, numbers': hasRedis,
}

class Rates {
  readonly #byVariant = new Map<Variant, Map<Step, number[]>>()

  add(variant: Variant, step: Step, rate: number): void {
    const rates = this.#byVariant.get(variant) ?? new Map<Step, number[]>()
    this.#byVariant.set(variant, rates.set(step, [...this.of(variant, step), rate]))
  }

  /** One for each round. */
  of(variant: Variant, step: Step): readonly number[] {
    return this.#byVariant.get(variant)?.get(step) ?? []
  }

  get variants(): Variant[] {
    return [...this.#byVariant.keys()]
  }
}

async function measureRates(): Promise<Rates> {
  const rates = new Rates()
  const keys = shuffledKeys()
  const endMs = performance.now() + Number(values.minutes) * 60_000
  // The first tenth of the keys warms up.
  const all = Object.keys(variants) as Variant[]
  await takeRound(all, keys.slice(0, rowCount / 10), () => {})
  let lastMs = 0
  for (let round = 0; round < roundsMax; round++) {
    const startMs = performance.now()
    if (round >= roundsMin && startMs + lastMs > endMs) break
    const taken = round < roundsMin ? all : all.filter((name) => !slow.has(name))
    await takeRound(round % 2 === 0 ? taken : taken.toReversed(), keys, (variant, step, rate) =>
      rates.add(variant, step, rate),
    )
    lastMs = performance.now() - startMs
  }
  return rates
}

async function takeRound(
  names: readonly Variant[],
  keys: readonly string[],
  report: (variant: Variant, step: Step, rate: number) => void,
): Promise<void> {
  for (const name of names) {
    if (available[name] === false) continue
    await using variant: StoreVariant = await variants[name](keys)
    const cpuMs = () => ownCpuMs() + (variant.serverCpuMs?.() ?? 0)
    for (const step of steps) {
      if (variant[step] === undefined) continue
      const startMs = cpuMs()
      await variant[step]()
      report(name, step, keys.length / 1_000 / (cpuMs() - startMs))
    }
  }
}

function printRates(rates: Rates): void {
  const roundCount = rates.of('table, numbers', 'get').length
  console.log(
    `node ${process.version}, ${rowCount} rows with keys of 20 characters, ${roundCount} rounds, millions a second of CPU\n`,
  )
  console.log(`| | ${steps.join(' | ')} |\n|---|${'---|'.repeat(steps.length)}`)
  for (const name of rates.variants) {
    const cells = steps.map((step) => {
      const measured = rates.of(name, step)
      return measured.length === 0 ? '' : spreadText(spreadOf(measured), 2)
    })
    console.log(`| ${[name, ...cells].join(' | ')} |`)
  }
}

/** What rows take in each of `memoryRounds` processes in turn. */
function measureMemory(): Record<MemoryName, RowMemory[]> {
  const measured = Object.fromEntries(memoryNames.map((name): [string, RowMemory[]] => [name, []]))
  const script = `${import.meta.dirname}/stores/memory.ts`
  for (let round = 0; round < memoryRounds; round++) {
    for (const name of memoryNames) {
      const output = execFileSync(process.execPath, ['--expose-gc', script, name, values.rows], { encoding: 'utf8' })
      measured[name]!.push(JSON.parse(output) as RowMemory)
    }
  }
  return measured as Record<MemoryName, RowMemory[]>
}

function printBounds(rates: Rates, memory: Record<MemoryName, RowMemory[]>): void {
  const ratios = (left: readonly number[], right: readonly number[]) => right.map((value, at) => left[at]! / value)
  const transactions = rates.of('table, numbers', 'transact')
  console.log('\n| bound | ratio | holds |\n|---|---|---|')
  for (const kind of hasCargo ? (['numbers', 'number keys'] as const) : []) {
    const toLever = (step: Step) => spreadOf(ratios(rates.of(`table, ${kind}`, step), rates.of(`Lever, ${kind}`, step)))
    for (const step of ['insert', 'get', 'remove'] as const) atLeast(2, `${step}: to Lever, ${kind}`, toLever(step))
    atLeast(1.5, `transact: to Lever, ${kind}`, toLever('transact'))
  }
  const sqlite = rates.of('better-sqlite3, numbers', 'transact')
  atLeast(3, 'transact: to better-sqlite3', spreadOf(ratios(transactions, sqlite)))
  const bytesOf = (name: MemoryName, kind: keyof RowMemory) => memory[name].map((bytes) => bytes[kind])
  const bytes = spreadOf(ratios(bytesOf('table, JSON', 'process'), bytesOf('Map, objects', 'process')))
  printBound('bytes a row of the process, small objects: to `Map`', `at most 0.6`, bytes, [
    bytes.median <= 0.6,
    bytes.max <= 0.6,
  ])

  console.log('\nWithout a bound:')
  for (const peer of ['lmdb, numbers', 'Redis, numbers'] as const) {
    if (rates.of(peer, 'transact').length === 0) continue
    console.log(`- transact: to ${peer} ${spreadText(spreadOf(ratios(transactions, rates.of(peer, 'transact'))), 1)}`)
  }
  if (hasCargo) {
    const toHeld = spreadOf(ratios(transactions, rates.of('Lever, numbers', 'transactHeld')))
    console.log(`- transact: to Lever over variables that the program holds ${spreadText(toHeld, 2)}`)
  }
  for (const step of ['insert', 'get', 'update', 'transact'] as const) {
    const spread = spreadOf(ratios(rates.of('table, JSON', step), rates.of('table, JSON with a schema', step)))
    console.log(`- ${step}: CPU with a schema to that without ${spreadText(spread, 2)}`)
  }
  for (const name of memoryNames) {
    const [taken, live] = [spreadOf(bytesOf(name, 'process')), spreadOf(bytesOf(name, 'live'))]
    console.log(`- bytes a row: ${name}: ${spreadText(taken)} of the process, ${spreadText(live)} without garbage`)
  }
}

function atLeast(bound: number, name: string, spread: Spread): void {
  printBound(name, `at least ${bound}`, spread, [spread.median >= bound, spread.min >= bound])
}

function printBound(name: string, bound: string, spread: Spread, [holds, always]: [boolean, boolean]): void {
  const verdict = always ? 'yes, in every round' : holds ? 'yes, by the median' : 'NO'
  console.log(`| ${name}, ${bound} | ${spreadText(spread, 2)} | ${verdict} |`)
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** They lie in memory one after the other as they are used, as keys of records do, and those that Lever is given. */
function shuffledKeys(): string[] {
  const random = seededRandom(1)
  const numbers = Array.from({ length: rowCount }, (_, index) => index)
  for (let index = numbers.length - 1; index > 0; index--) {
    const other = nextInt(random, index + 1)
    ;[numbers[index], numbers[other]] = [numbers[other]!, numbers[index]!]
  }
  return numbers.map(keyOf)
}

const rates = await measureRates()
printRates(rates)
printBounds(rates, measureMemory())
