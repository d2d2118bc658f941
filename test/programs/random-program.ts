import { nextInt, type Random } from '../../src/core/random.ts'
import { number, text } from '../../src/state/index.ts'
import {
  compressedJson,
  confluentJson,
  field,
  header,
  recordKey,
  type RecordView,
  stage,
  table,
  topology,
  type Topology,
} from '../../src/streams/index.ts'

/** What every value is: a record of a side, with its key in three places. */
export interface Value {
  readonly kind: string
  readonly ref: string
  readonly num: number
  readonly at: { readonly ref: string }
  /** Tells its records apart, or how many parts a list has. */
  readonly n: number
  readonly drop: boolean
  /** How many records a flatMap makes of it. */
  readonly times: number
  readonly part: { readonly of: string; readonly n: number }
}

const decodings = ['json', 'json', 'confluent', 'gzip', 'function'] as const
const routes = ['field', 'header', 'function'] as const
const keyPlaces = ['field', 'nested', 'number', 'recordKey', 'header', 'function'] as const
const partKinds = ['whole', 'field', 'function'] as const

/** A source: which sides its records are of, and what happens to them before the route. */
interface DrawnSource {
  readonly topic: string
  readonly sides: readonly string[]
  readonly decoding: (typeof decodings)[number]
  readonly route: (typeof routes)[number]
  readonly filters: boolean
  readonly maps: boolean
  readonly expands: boolean
  /** Where a table lets on each value once; undefined where none does. */
  readonly once: 'first' | 'last' | undefined
}

export interface DrawnSide {
  readonly name: string
  readonly key: (typeof keyPlaces)[number]
  readonly part: (typeof partKinds)[number]
  readonly isOptional: boolean
  readonly isLatest: boolean
  /** Of a list: how many parts it has, the side that tells it, or undefined where time ends it. */
  readonly list: { readonly count: number | string | undefined } | undefined
}

/** A program of parts that were drawn, each of which may be together with each other. */
export interface DrawnProgram {
  readonly sources: readonly DrawnSource[]
  readonly sides: readonly DrawnSide[]
  readonly atLeast: number | undefined
  readonly remembers: boolean
  readonly mapsMerges: boolean
  readonly filtersMerges: boolean
  readonly expandsMerges: boolean
  /** Whether a function after the merge throws, for some keys. */
  readonly refusesMerges: boolean
}

export function drawProgram(random: Random): DrawnProgram {
  const one = <Item>(items: readonly Item[]): Item => items[nextInt(random, items.length)]!
  const chance = (of: number) => nextInt(random, of) === 0
  const names = ['A', 'B', 'C', 'D'].slice(0, 2 + nextInt(random, 3))
  const shape = one(['plain', 'plain', 'optional', 'atLeast', 'lists', 'lists'] as const)
  const sides = names.map((name, index): DrawnSide => {
    // The first side is always needed, and tells numbers.
    const isList = shape === 'lists' && index > 0 && (index === 1 || chance(3))
    const count = index === 1 && chance(2) ? names[0] : one([2, 3, undefined])
    const list = isList ? { count } : undefined
    const isEndless = isList && count === undefined
    return {
      name,
      key: one(keyPlaces),
      part: one(partKinds),
      isOptional: isEndless || ((shape === 'optional' || shape === 'lists') && index > 0 && chance(2)),
      isLatest: !isList && !(shape === 'lists' && index === 0) && chance(4),
      list,
    }
  })
  const count = 1 + nextInt(random, Math.min(3, names.length))
  const sources = Array.from({ length: count }, (_, at): DrawnSource => {
    return {
      topic: `in-${at}`,
      sides: names.filter((_name, index) => index % count === at),
      decoding: one(decodings),
      route: one(routes),
      filters: chance(3),
      maps: chance(3),
      expands: chance(3),
      once: one([undefined, undefined, 'first', 'last']),
    }
  })
  const isLoose = shape === 'atLeast' || sides.some(({ isOptional }) => isOptional)
  return {
    sources,
    sides,
    atLeast: shape === 'atLeast' && names.length > 2 ? 2 + nextInt(random, names.length - 2) : undefined,
    remembers: isLoose || chance(2),
    mapsMerges: chance(3),
    filtersMerges: chance(4),
    expandsMerges: chance(4),
    refusesMerges: chance(3),
  }
}

/** Values that have been let on. */
const seen = table('seen', { key: text, value: number })

/** How long a merge waits for optional sides. */
export const withinMs = 200
/** Keys end in digits, and a filter after the merge leaves this one out. */
export const lastDigitLeftOut = '7'
const lastDigitOfNone = '3'
/** A function after the merge throws for this one. */
export const lastDigitRefused = '5'

export function topologyOf(program: DrawnProgram, name: string): Topology {
  const begun = topology(name)
  const keepsTable = program.sources.some(({ once }) => once !== undefined)
  let chain = (keepsTable ? begun.tables(seen) : begun) as unknown as Chain
  for (const source of program.sources) chain = sourced(chain, source, program)
  const optional = program.sides.filter(({ isOptional }) => isOptional).map((side) => side.name)
  const lists = program.sides.flatMap(({ name: side, list }) => (list === undefined ? [] : [[side, listOptions(list)]]))
  let merged = chain.correlate('by-key', Object.fromEntries(program.sides.map((side) => [side.name, keyOf(side)])), {
    of: program.sides.map((side) => side.name),
    keyName: 'id',
    ...(optional.length > 0 && { optional: { sides: optional, withinMs } }),
    ...(program.atLeast !== undefined && { atLeast: program.atLeast }),
    latest: program.sides.filter(({ isLatest }) => isLatest).map((side) => side.name),
    collect: Object.fromEntries(lists),
    ...(program.remembers && { rememberCompleted: { forMs: 86_400_000 } }),
  })
  if (program.mapsMerges) merged = merged.map('names', namesOf)
  if (program.filtersMerges) merged = merged.filter('digits', (_, key) => !key.endsWith(lastDigitLeftOut))
  if (program.refusesMerges) merged = merged.filter('wanted', isWanted)
  if (program.expandsMerges) merged = merged.flatMap('several', severalOf)
  return merged.sink('out')
}

/** What a map after the merge makes: the key, and the names that there are. */
export function namesOf(merged: object, key: string) {
  return { key, names: Object.keys(merged) }
}

function isWanted(_: object, key: string): boolean {
  if (key.endsWith(lastDigitRefused)) throw new Error(`nobody wants ${key}`)
  return true
}

/** What a flatMap after the merge makes: the record and another one, or nothing of some keys. */
export function severalOf(merged: object, key: string): object[] {
  return key.endsWith(lastDigitOfNone) ? [] : [merged, { other: key }]
}

/** What a map before the route makes of a value. */
export function mapped(value: Value): Value & { readonly mapped: number } {
  return { ...value, mapped: value.n * 2 }
}

/** What a flatMap before the route makes of a value: several of the same key. */
export function expanded<Each extends Value>(value: Each): (Each & { readonly copy: number })[] {
  return Array.from({ length: value.times }, (_, copy) => ({ ...value, copy }))
}

/** What the function of a stage makes of a value. */
export function partMadeOf(value: Value): unknown {
  return { s: value.kind, n: value.n }
}

/** Whether a value comes for the first time; a flatMap has told its copies apart. */
function isFirst(value: Value, record: RecordView): boolean {
  const values = record.table(seen)
  const name = JSON.stringify(value)
  if (values.has(name)) return false
  values.set(name, 1)
  return true
}

/** A drawn program knows its sides when it runs, so their types say nothing. */
interface Chain {
  source(topic: string, options: object): Chain
  filter(id: string, keeps: (value: Value, record: RecordView) => boolean): Chain
  map(id: string, make: (value: Value) => unknown): Chain
  flatMap(id: string, make: (value: Value) => readonly unknown[], options: { partsMax: number }): Chain
  side(name: string, given: unknown): Chain
  route(id: string, by: unknown, stages: object): Chain
  correlate(id: string, key: object, options: object): MergedChain
}

interface MergedChain {
  map(id: string, make: (merged: object, key: string) => unknown): MergedChain
  filter(id: string, keeps: (merged: object, key: string) => boolean): MergedChain
  flatMap(id: string, make: (merged: object, key: string) => readonly object[]): MergedChain
  sink(id: string): Topology
}

function sourced(before: Chain, source: DrawnSource, { sides }: DrawnProgram): Chain {
  const { topic, decoding, route, filters, maps, expands, once } = source
  const decode = {
    json: {},
    confluent: { decode: confluentJson() },
    gzip: { decode: compressedJson('gzip') },
    function: { decode: (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(String(bytes), 'base64').toString()) },
  }[decoding]
  let chain = before.source(topic, decode)
  if (once === 'first') chain = chain.filter(`${topic}-once`, isFirst)
  if (filters) chain = chain.filter(`${topic}-kept`, (value) => !value.drop)
  if (maps) chain = chain.map(`${topic}-mapped`, mapped)
  if (expands) chain = chain.flatMap(`${topic}-expanded`, expanded, { partsMax: 3 })
  if (once === 'last') chain = chain.filter(`${topic}-once`, isFirst)
  const stages = source.sides.map((name) => [name, stageOf(sides.find((side) => side.name === name)!)] as const)
  if (stages.length === 1) return chain.side(...stages[0]!)
  const by = {
    field: field('kind'),
    header: header('kind'),
    function: (value: Value) => value.kind,
  }[route]
  return chain.route(`${topic}-route`, by, Object.fromEntries(stages))
}

function stageOf({ part }: DrawnSide): unknown {
  if (part === 'whole') return stage()
  return part === 'field' ? stage({ part: field('part') }) : stage<Value, unknown>({ part: partMadeOf })
}

function keyOf({ key }: DrawnSide): unknown {
  switch (key) {
    case 'field':
      return field('ref')
    case 'nested':
      return field('at.ref')
    case 'number':
      return field('num').asString()
    case 'recordKey':
      return recordKey()
    case 'header':
      return header('key')
    case 'function':
      return (value: Value) => value.ref
  }
}

function listOptions({ count }: NonNullable<DrawnSide['list']>) {
  if (count === undefined) return {}
  return { count: typeof count === 'number' ? count : { side: count, field: field('n') } }
}
