import type { Compression, FieldPath, Framing, SideOrigin } from '../../kernel/index.ts'
import type { Aggregate, Aggregation } from '../topology/aggregation.ts'
import type { HeaderKey, KeyEncoding, RecordKey } from '../topology/key.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import type { PlannedList } from '../topology/plan-parts.ts'
import type { Side } from '../topology/plan-sides.ts'
import type { SourceStep } from '../topology/source.ts'
import { areSliding, type Windows } from '../topology/windows.ts'

type Path = FieldPath

/** What of a program its checkpoint depends on. Another value makes the pending parts mean something else. */
export interface TopologyShape {
  readonly sources: readonly SourceShape[]
  /** Name of the key in merged records, on which nothing depends. */
  readonly keyName: string
  /** In declared order. */
  readonly sides: readonly SideShape[]
  /** Sides after which a merge does without the others; absent where it needs all that are not optional. */
  readonly atLeast?: number
  /**
   * Whether each part is written by itself, to where its merge key belongs; then it has one origin, whatever sides there
   * are. @defaultValue false
   */
  readonly isRouted?: boolean
  /** What is kept of the one side, and in which windows; absent where sides are merged. */
  readonly windows?: WindowsShape
}

interface WindowsShape {
  readonly aggregate: Aggregate
  /** What rows are named by. */
  readonly key: KeyShape
  /** Of windows of a fixed size. */
  readonly sizeMs?: number
  readonly advanceMs?: number
  /** Of sessions. */
  readonly gapMs?: number
  /** Of sliding windows. */
  readonly timeDifferenceMs?: number
  /** Whether each record that a window takes in has a result. @defaultValue a window has one */
  readonly results?: 'changes'
}

type DecodeShape = Exclude<Framing['kind'], 'compressedJson'> | `${Compression}Json` | 'apicurioJson8' | 'function'

interface SourceShape {
  readonly topic: string
  /** Field that names the stage, or another place; null where a function does; a side where all records are of it. */
  readonly route: Path | null | { readonly side: string } | PlaceShape
  /** What its values are; `function` where one decodes them. @defaultValue JSON as it stands */
  readonly decode?: DecodeShape
  /** Filters, maps and flatMaps, by their ids, in order. @defaultValue none */
  readonly steps?: readonly string[]
  /** Field with the time of its records, by which they expire; it may change. @defaultValue the record's timestamp */
  readonly timestamp?: Path
}

interface SideShape {
  readonly name: string
  readonly key: KeyShape
  /** Field that is kept, or what else is. */
  readonly part: Path | 'record' | 'stage'
  readonly version: number
  /** Whether a merge does without it. @defaultValue false */
  readonly isOptional?: boolean
  /** How many parts make it: a number, a side and the field in which its part tells it, or null. Absent where it is one. */
  readonly list?: ListShape
}

/** A place in a record that is not in its value. */
type PlaceShape = { readonly recordKey: KeyEncoding } | { readonly header: string; readonly as: KeyEncoding }

/** A field, or where else the key stands; null where a function makes it. */
export type KeyShape = Path | { readonly field: Path; readonly as: 'string' | 'number' } | PlaceShape | null

type ListShape = number | { readonly side: string; readonly field: Path } | null

/** Functions cannot be compared; whoever changes one so that it keeps other parts raises the stage's version. */
export function shapeOf({ layout, sources, sides, correlate, aggregation }: Plan): TopologyShape {
  return {
    sources: sources.map((source) => sourceShape(source, sides)),
    keyName: correlate.keyName,
    sides: sides.map(({ name, key, part, isOptional, list, stage: { version } }) => ({
      name,
      key: keyShape(key),
      part: part.kind === 'field' ? part.path : part.kind,
      version,
      ...(isOptional && { isOptional }),
      ...(list !== undefined && { list: listShape(list, sides) }),
    })),
    ...(correlate.atLeast !== undefined && { atLeast: correlate.atLeast }),
    ...(layout === 'routed' && { isRouted: true }),
    ...(aggregation !== undefined && { windows: windowsShape(aggregation, sides[0]!) }),
  }
}

function windowsShape({ aggregate, windows, results }: Aggregation, { key }: Side): WindowsShape {
  return { aggregate, key: keyShape(key), ...timesOf(windows), ...(results === 'changes' && { results }) }
}

/** What may not change of windows. */
function timesOf(windows: Windows): Pick<WindowsShape, 'sizeMs' | 'advanceMs' | 'gapMs' | 'timeDifferenceMs'> {
  if (areSliding(windows)) return { timeDifferenceMs: windows.timeDifferenceMs }
  const { kind: _, graceMs: _grace, ...times } = windows
  return times
}

function sourceShape(source: PlannedSource, sides: readonly Side[]): SourceShape {
  const { topic, decode, timestamp } = source
  const steps = source.steps.filter(({ kind }) => kind !== 'decode').map(stepShape)
  return {
    topic,
    route: routeShape(source, sides),
    ...(decode !== undefined && { decode: typeof decode === 'function' ? 'function' : framingShape(decode.framing) }),
    ...(steps.length > 0 && { steps }),
    ...(timestamp !== undefined && { timestamp: timestamp.path }),
  }
}

/** A flatMap numbers what it makes, so how many that may be does not change. */
function stepShape(step: SourceStep): string {
  const { kind, id } = step
  return kind === 'flatMap' ? `${kind} ${id} of ${step.partsMax}` : `${kind} ${id}`
}

function framingShape(framing: Framing): DecodeShape {
  if (framing.kind === 'compressedJson') return `${framing.compression}Json`
  return framing.kind === 'apicurioJson' && framing.idBytes === 8 ? 'apicurioJson8' : framing.kind
}

function listShape({ count }: PlannedList, sides: readonly Side[]): ListShape {
  if (count === undefined) return null
  return typeof count === 'number' ? count : { side: sides[count.side]!.name, field: count.path }
}

/** How many origins a record names that was published: one for each side, or the one of a part. */
export function originCount({ sides, isRouted }: TopologyShape): number {
  return isRouted === true ? 1 : sides.length
}

/** Whether a record that was published of such parts is a merge, and not a row that has expired. */
export function isMerge({ sides, atLeast, isRouted }: TopologyShape, origins: readonly SideOrigin[]): boolean {
  if (isRouted === true) return true
  if (atLeast !== undefined) return origins.filter((origin) => origin !== undefined).length >= atLeast
  return sides.every(({ isOptional = false }, side) => {
    const origin = origins[side]
    if (origin === undefined) return isOptional
    return !('parts' in origin) || origin.isWhole
  })
}

function routeShape({ route, sides: [only] }: PlannedSource, sides: readonly Side[]): SourceShape['route'] {
  const { by } = route
  if (by === undefined) return { side: sides[only!]!.name }
  if (typeof by === 'function') return null
  return by.kind === 'field' ? by.path : placeShape(by)
}

function keyShape(key: Side['key']): KeyShape {
  switch (key.kind) {
    case 'field':
      return key.path
    case 'convertedField':
      return { field: key.path, as: key.as }
    case 'keyFunction':
      return null
    case 'header':
    case 'recordKey':
      return placeShape(key)
  }
}

function placeShape(place: RecordKey | HeaderKey): PlaceShape {
  return place.kind === 'recordKey' ? { recordKey: place.as } : { header: place.name, as: place.as }
}

/**
 * What differs, one text for each, from the checkpoint's point of view. The order of sources does not matter, and a side
 * may become optional: one that no longer is would make expired rows of what was merged without it, in an audit.
 */
export function differences(before: TopologyShape, now: TopologyShape): string[] {
  const isSingle = before.sources.length === 1 && now.sources.length === 1
  const [was, is] = [textsOf(before, isSingle), textsOf(now, isSingle)]
  const names = new Set([...was.keys(), ...is.keys()])
  const required = before.sides.filter(
    (side) => side.isOptional && now.sides.some(({ name, isOptional }) => name === side.name && !isOptional),
  )
  return [
    ...[...names]
      .filter((name) => was.get(name) !== is.get(name))
      .map((name) => `${name} was ${was.get(name) ?? 'absent'} and is ${is.get(name) ?? 'absent'}`),
    ...required.map(({ name }) => `side ${JSON.stringify(name)} was optional and is required`),
  ]
}

function textsOf(
  { sources, sides, atLeast, isRouted, windows }: TopologyShape,
  isSingle: boolean,
): Map<string, string> {
  const [first] = sources
  const topics = sources.map(({ topic }) => JSON.stringify(topic)).sort()
  const keys = new Set(sides.map(({ key }) => textOf(key)))
  return new Map([
    isSingle ? (['source', first!.topic] as const) : (['sources', topics.join(', ')] as const),
    ...sources.map(
      ({ topic, route }) =>
        [isSingle ? 'route' : `route of source ${JSON.stringify(topic)}`, routeText(route)] as const,
    ),
    ...sources.map(
      ({ topic, decode = 'json' }) =>
        [isSingle ? 'decoding' : `decoding of source ${JSON.stringify(topic)}`, decode] as const,
    ),
    ...sources.map(
      ({ topic, steps = [] }) =>
        [isSingle ? 'steps' : `steps of source ${JSON.stringify(topic)}`, steps.join(', ') || 'none'] as const,
    ),
    ['key', keys.size > 1 ? 'that of each side' : [...keys].join()] as const,
    ['sides', sides.map(({ name }) => JSON.stringify(name)).join(', ')] as const,
    ...sides.map(
      ({ name, part, version }) => [`stage ${JSON.stringify(name)}`, `${textOf(part)}, version ${version}`] as const,
    ),
    ...(keys.size > 1
      ? sides.map(({ name, key }) => [`key of side ${JSON.stringify(name)}`, textOf(key)] as const)
      : []),
    ...sides.flatMap(({ name, list }) =>
      list === undefined ? [] : [[`list of side ${JSON.stringify(name)}`, listText(list)] as const],
    ),
    ...(atLeast === undefined ? [] : [['sides that are enough', String(atLeast)] as const]),
    ...(isRouted === true ? [['records', 'routed'] as const] : []),
    ...(windows === undefined ? [] : [['windows', windowsText(windows)] as const]),
  ])
}

function windowsText({ aggregate, key, sizeMs, advanceMs, gapMs, timeDifferenceMs, results }: WindowsShape): string {
  const ofKey = `${aggregate} by ${textOf(key)}`
  if (gapMs !== undefined) return `${ofKey} of sessions with gaps of ${gapMs} ms`
  const which =
    timeDifferenceMs === undefined ? `${sizeMs} ms every ${advanceMs} ms` : `${timeDifferenceMs} ms, sliding`
  return `${ofKey} of ${which}${results === 'changes' ? ', each change' : ''}`
}

function listText(list: ListShape): string {
  if (list === null) return 'of what comes in time'
  return typeof list === 'number'
    ? `of ${list}`
    : `as long as ${textOf(list.field)} of side ${JSON.stringify(list.side)}`
}

function routeText(route: SourceShape['route']): string {
  return route !== null && 'side' in route ? `side ${JSON.stringify(route.side)}` : textOf(route)
}

/** A key in a sentence; equal ones are the same. */
export function keyShapeText(key: KeyShape): string {
  return textOf(key)
}

function textOf(part: KeyShape | string): string {
  if (part === null) return 'a function'
  if (typeof part === 'string') return part
  if ('field' in part) return `field ${JSON.stringify(part.field)} as a ${part.as}`
  if ('recordKey' in part) return `the key of the record as ${part.recordKey}`
  if ('header' in part) return `header ${JSON.stringify(part.header)} as ${part.as}`
  return `field ${JSON.stringify(part)}`
}
