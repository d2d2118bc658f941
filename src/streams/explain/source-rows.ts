import { ConfigError } from '../../core/errors.ts'
import { headerOf, plainRecord, RecordColumns, RowTimestamps } from '../../kernel/index.ts'
import type { KeyShape, TopologyShape } from '../checkpoint/topology-shape.ts'
import { rowsOpener, type RowsOpener } from '../decoding/rows-opener.ts'
import { FlatMapRows } from '../functions/flat-map-rows.ts'
import { FunctionValues } from '../functions/function-values.ts'
import { parseValue, viewOf } from '../functions/record-view.ts'
import { alreadySettled } from '../functions/row-function.ts'
import type { StepRows } from '../functions/step-rows.ts'
import { plainStepRows } from '../functions/plain-step-rows.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import { pathText } from '../topology/field.ts'
import { type Plan, type PlannedSource, planTopology } from '../topology/plan.ts'
import { areOpaque } from '../topology/plan-sources.ts'
import type { FlatMapStep } from '../topology/source.ts'
import type { Topology } from '../topology/topology.ts'
import { emptyTables } from './empty-tables.ts'
import { framingOf } from './framing-of.ts'
import type { KeyFinder } from './key-finder.ts'

type SourceShape = TopologyShape['sources'][number]

/** Rows as they come to the route. */
interface PreparedRows {
  /** The rows, or what a flatMap has made of them. */
  readonly pieces: readonly RecordColumns[]
  /** Where the rows begin that there was no room for. */
  readonly rest: { readonly fromOffset: number } | undefined
}

/**
 * Records of the sources of an application as its program sees them: decoded, filtered and mapped, with their stage and
 * their key. Without the topology it does so by the checkpoint, which has all but functions.
 */
export class SourceRows {
  readonly #shape: TopologyShape
  readonly #plan: Plan | undefined
  /** By topic. */
  readonly #openers: ReadonlyMap<string, RowsOpener | undefined>
  /** Of sources that have the time of their records in a field, by topic. */
  readonly #times: ReadonlyMap<string, RowTimestamps>
  /** By topic, of those whose functions have been called. */
  readonly #values = new Map<string, FunctionValues>()

  /** @throws ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_MISSING_VALUE` */
  constructor(app: string, shape: TopologyShape, topology: Topology | undefined) {
    if (topology !== undefined && topology.name !== app) {
      throw new ConfigError('CONFIG_INVALID_VALUE', `the topology given is "${topology.name}", not "${app}"`, { app })
    }
    const needed = topology === undefined ? functionIn(shape) : undefined
    if (needed !== undefined) {
      const text = `a function ${needed} of "${app}", which its checkpoint does not hold; give its topology, or --topology`
      throw new ConfigError('CONFIG_MISSING_VALUE', text, { app })
    }
    this.#shape = shape
    this.#plan = topology && planTopology(topology)
    this.#openers = new Map(shape.sources.map((source) => [source.topic, this.#openerOf(source)]))
    this.#times = new Map(
      shape.sources.flatMap(({ topic: name, timestamp }) =>
        timestamp === undefined ? [] : [[name, new RowTimestamps(timestamp, pathText(timestamp), 0xffff)] as const],
      ),
    )
  }

  /** Prepares rows as the program does before its route; those that it would not route are dropped. */
  async prepare(columns: RecordColumns, place: PartitionPlace): Promise<PreparedRows> {
    const open = this.#openers.get(place.topic)
    if (open === undefined) return { pieces: [columns], rest: undefined }
    const fromOffset = open(columns)
    const source = this.#sourceOf(place.topic)
    let pieces = [columns]
    for (const step of source?.steps ?? []) {
      const values = this.#valuesOf(place)
      if (step.kind === 'flatMap') pieces = await expanded(step, values, place, columns)
      else for (const piece of pieces) await settle(plainStepRows(step, { values, place, tables: emptyTables }, piece))
    }
    for (const piece of pieces) piece.keep((_, row) => !piece.hasLeft(row))
    return { pieces, rest: fromOffset === undefined ? undefined : { fromOffset } }
  }

  /** The rows that have the key, where it stands for the side that they are of. */
  rowsOf(finder: KeyFinder, columns: RecordColumns, place: PartitionPlace): number[] {
    const { sides } = this.#shape
    const keys = new Map(sides.map(({ key }) => [JSON.stringify(key), key]))
    const isOfKey = (row: number, key: string) => {
      const side = this.sideOf(columns, row, place)
      return key === JSON.stringify(sides.find((each) => each.name === side)?.key)
    }
    const rows = [...keys].flatMap(([name, key]) =>
      this.#rowsIn(finder, columns, place, key, (row) => [this.sideOf(columns, row, place)]).filter(
        (row) => keys.size === 1 || isOfKey(row, name),
      ),
    )
    return rows.sort((a, b) => a - b)
  }

  /** The rows that have the key at any place where it may stand, whatever their side. */
  anyOf(finder: KeyFinder, columns: RecordColumns, place: PartitionPlace): Set<number> {
    const names = this.#shape.sides.map(({ name }) => name)
    return new Set(this.#shape.sides.flatMap(({ key }) => this.#rowsIn(finder, columns, place, key, () => names)))
  }

  /** The time of a row that the program has taken in. */
  timestampOf(columns: RecordColumns, row: number, { topic }: PartitionPlace): number {
    const read = this.#times.get(topic)?.read(columns, row)
    return typeof read === 'number' ? read : columns.timestamp[row]!
  }

  /** The stage of a row of a source. */
  sideOf(columns: RecordColumns, row: number, place: PartitionPlace): string {
    const by = this.#sourceOf(place.topic)?.route.by
    if (typeof by === 'function') return by(this.#parse(columns, row, place), viewOf(columns, row, place, emptyTables))
    const route = this.#shape.sources.find(({ topic }) => topic === place.topic)!.route!
    if ('side' in route) return route.side
    if ('header' in route) return textOf(headerOf(columns, row, route.header))
    if ('recordKey' in route) return textOf(plainRecord(columns, row).key)
    const value: unknown = parseValue(columns, row)
    return String(route.reduce((at: unknown, name) => (at as Record<string, unknown>)[name], value))
  }

  /** @param sidesOf - The sides whose functions may make the key of a row. */
  #rowsIn(
    finder: KeyFinder,
    columns: RecordColumns,
    place: PartitionPlace,
    key: KeyShape,
    sidesOf: (row: number) => readonly string[],
  ): number[] {
    if (key !== null) return finder.rowsIn(columns, key, this.#isOpaque(place))
    const rows: number[] = []
    for (let row = 0; row < columns.count; row++) {
      try {
        if (this.#makeKeys(columns, row, place, sidesOf(row)).some((made) => finder.isMade(columns, row, made)))
          rows.push(row)
      } catch {
        // Then it is a dead letter.
      }
    }
    return rows
  }

  /** What the functions of sides make of a row as its key. */
  #makeKeys(columns: RecordColumns, row: number, place: PartitionPlace, names: readonly string[]): unknown[] {
    const value = this.#parse(columns, row, place)
    return this.#plan!.sides.flatMap(({ name, key }) =>
      names.includes(name) && key.kind === 'keyFunction'
        ? [key.make(value, viewOf(columns, row, place, emptyTables))]
        : [],
    )
  }

  #isOpaque({ topic }: PartitionPlace): boolean {
    const source = this.#sourceOf(topic)
    if (source !== undefined) return areOpaque(source)
    const { decode } = this.#shape.sources.find((each) => each.topic === topic) ?? {}
    return decode === 'rawBytes' || decode === 'routedPart'
  }

  #parse(columns: RecordColumns, row: number, place: PartitionPlace): unknown {
    return this.#valuesOf(place).parse(columns, row)
  }

  #valuesOf({ topic }: PartitionPlace): FunctionValues {
    const values = this.#values.get(topic) ?? new FunctionValues(this.#sourceOf(topic)!, () => {})
    this.#values.set(topic, values)
    return values
  }

  #openerOf({ topic, decode }: SourceShape): RowsOpener | undefined {
    const source = this.#sourceOf(topic)
    if (source !== undefined) return rowsOpener(source)
    const framing = framingOf(decode)
    if (framing === undefined) return undefined
    return rowsOpener({ decode: { kind: 'decoding', framing }, isPrepared: true })
  }

  #sourceOf(topic: string): PlannedSource | undefined {
    return this.#plan?.sources.find((source) => source.topic === topic)
  }
}

/** What a flatMap makes of rows. */
async function expanded(
  { apply, partsMax }: FlatMapStep,
  values: FunctionValues,
  place: PartitionPlace,
  columns: RecordColumns,
): Promise<RecordColumns[]> {
  const rows = new FlatMapRows({ apply, values, place, tables: emptyTables }, partsMax, columns)
  await settle(rows)
  const pieces: RecordColumns[] = []
  for (let row = 0; row < columns.count;) {
    const piece = new RecordColumns()
    piece.reset(columns.partition, columns.bytes, columns.view)
    row = rows.fill(piece, row, () => true)
    pieces.push(piece)
  }
  return pieces
}

/** What a function does that a checkpoint does not hold. */
function functionIn({ sources, sides }: TopologyShape): string | undefined {
  if (sources.some(({ route }) => route === null)) return 'chooses the stages'
  if (sources.some(({ decode }) => decode === 'function')) return 'decodes the values'
  if (sources.some(({ steps }) => steps !== undefined)) return 'filters or maps the records'
  return sides.some(({ key }) => key === null) ? 'makes the merge keys' : undefined
}

/** Has the function of a step see all rows, once. */
async function settle(rows: StepRows): Promise<void> {
  for (let row = 0; row < rows.columns.count; row++) {
    if (!rows.concerns(row)) continue
    try {
      const made = await rows.ask(row)
      if (made !== alreadySettled) rows.accept(row, made)
    } catch (error) {
      rows.giveUp(row, error)
    }
  }
  rows.finish()
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString()
}
