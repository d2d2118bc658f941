import type { ExpectedLetter, GivenRecord, Outcome } from '../examples/example.ts'
import {
  type DrawnProgram,
  type DrawnSide,
  expanded,
  lastDigitLeftOut,
  lastDigitRefused,
  mapped,
  namesOf,
  partMadeOf,
  severalOf,
  type Value,
} from './random-program.ts'

/** A record as the model sees it: with its value, and the text of that as it is written. */
export interface ModelRecord {
  readonly given: GivenRecord
  readonly value: Value
  readonly text: string
  readonly partText: string
  /** Which one it is of those that a flatMap has made of the record. */
  readonly copy?: number
}

/** What is there of a key at some point: the parts of its row, and whether it has been merged before. */
interface State {
  readonly parts: readonly ModelRecord[]
  readonly isRemembered: boolean
  readonly merged: readonly { readonly key: string; readonly value: string }[]
  readonly deadLetters: readonly ExpectedLetter[]
}

/**
 * What may become of the records of a key, by the rules of `docs/programs.md` one after the other: for each order in
 * which topics may be read, and each moment at which a row may have waited long enough for optional sides.
 */
export function outcomesOf(program: DrawnProgram, key: string, records: readonly ModelRecord[]): Outcome[] {
  const queues = program.sources.map(({ topic, expands, once }) => {
    const all = records.filter(({ given }) => given.topic === topic)
    const own =
      once === undefined ? all : all.filter(({ text }, at) => all.findIndex((each) => each.text === text) === at)
    return expands ? own.flatMap(copiesOf) : own
  })
  const outcomes = new Map<string, Outcome>()
  const seen = new Set<string>()
  const visit = (state: State, at: readonly number[]): void => {
    const known = JSON.stringify([state, at])
    if (seen.has(known)) return
    seen.add(known)
    if (isAwaited(program, state)) visit(merge(program, key, state), at)
    const next = queues.flatMap((queue, index) => (at[index]! < queue.length ? [index] : []))
    for (const index of next) {
      const record = queues[index]![at[index]!]!
      visit(
        add(program, key, state, record),
        at.map((place, each) => (each === index ? place + 1 : place)),
      )
    }
    if (next.length > 0 || isAwaited(program, state)) return
    const { merged, deadLetters } = state
    outcomes.set(JSON.stringify([merged, deadLetters]), { merged, deadLetters })
  }
  visit(
    { parts: [], isRemembered: false, merged: [], deadLetters: [] },
    queues.map(() => 0),
  )
  return [...outcomes.values()]
}

function copiesOf(record: ModelRecord): ModelRecord[] {
  return expanded(record.value).map(({ copy }) => ({ ...record, copy }))
}

function add(program: DrawnProgram, key: string, state: State, record: ModelRecord): State {
  const source = program.sources.find(({ topic }) => topic === record.given.topic)!
  const side = sideOf(program, record)
  const letter = (reason: string): State => {
    return { ...state, deadLetters: [...state.deadLetters, { reason, record: record.given }] }
  }
  if (source.filters && record.value.drop) return state
  if (state.isRemembered) return letter(program.atLeast !== undefined || side.isOptional ? 'LATE' : 'COMPLETED')
  const own = ofSide(state.parts, side.name)
  const isFull = typeof side.list?.count === 'number' && own.length === side.list.count
  let kept = state.parts
  if (own.length > 0 && (side.list === undefined || isFull)) {
    if (!side.isLatest) return letter('DUPLICATE')
    kept = kept.filter((other) => !own.includes(other))
  }
  const next = { ...state, parts: [...kept, record] }
  return isWhole(program, next.parts) ? merge(program, key, next) : next
}

function isWhole(program: DrawnProgram, parts: readonly ModelRecord[]): boolean {
  const present = new Set(parts.map(({ value }) => value.kind)).size
  if (program.atLeast !== undefined) return present >= program.atLeast
  return program.sides.every((side) => hasAll(program, side, parts))
}

/** Whether it has all but optional sides. */
function isAwaited(program: DrawnProgram, { parts }: State): boolean {
  if (parts.length === 0 || !program.sides.some(({ isOptional }) => isOptional)) return false
  return program.sides.every((side) => side.isOptional || hasAll(program, side, parts))
}

function hasAll(program: DrawnProgram, { name, list }: DrawnSide, parts: readonly ModelRecord[]): boolean {
  const { length } = ofSide(parts, name)
  if (list === undefined) return length > 0
  if (typeof list.count === 'number') return length >= list.count
  const teller = parts.find(({ value }) => value.kind === list.count)
  return teller !== undefined && length >= teller.value.n
}

function merge(program: DrawnProgram, key: string, state: State): State {
  if (program.refusesMerges && key.endsWith(lastDigitRefused)) {
    const letters = state.parts.map(({ given: record }) => ({ reason: 'MERGE_FAILED', record }))
    return { ...state, parts: [], deadLetters: [...state.deadLetters, ...letters] }
  }
  const value = mergedValue(program, key, state.parts)
  const isLeftOut = program.filtersMerges && key.endsWith(lastDigitLeftOut)
  return {
    ...state,
    parts: [],
    isRemembered: program.remembers,
    merged: isLeftOut ? state.merged : [...state.merged, ...publishedOf(program, key, value)],
  }
}

/** The merged record, byte for byte, is one of those that a flatMap makes of it. */
function publishedOf({ expandsMerges }: DrawnProgram, key: string, value: string) {
  if (!expandsMerges) return [{ key, value }]
  const merged = JSON.parse(value) as object
  return severalOf(merged, key).map((each) => ({ key, value: each === merged ? value : JSON.stringify(each) }))
}

function mergedValue(program: DrawnProgram, key: string, parts: readonly ModelRecord[]): string {
  const pieces = program.sides.flatMap(({ name, list, part }) => {
    const own = ofSide(parts, name).map((record) => partOf(program, part, record))
    if (list !== undefined) return [`"${name}":[${own.join(',')}]`]
    return own.map((text) => `"${name}":${text}`)
  })
  const merged = `{${[`"id":"${key}"`, ...pieces].join(',')}}`
  return program.mapsMerges ? JSON.stringify(namesOf(JSON.parse(merged) as object, key)) : merged
}

/** The bytes of a part: as they came where nothing has made a value of them. */
function partOf(
  program: DrawnProgram,
  part: DrawnSide['part'],
  { given, value, text, partText, copy }: ModelRecord,
): string {
  const source = program.sources.find(({ topic }) => topic === given.topic)!
  const isParsed = source.maps || source.expands || source.decoding === 'function'
  const whole = source.maps ? mapped(value) : value
  const seen = copy === undefined ? whole : expanded(whole)[copy]!
  if (part === 'function') return JSON.stringify(partMadeOf(seen))
  if (part === 'field') return isParsed ? JSON.stringify(seen.part) : partText
  return isParsed ? JSON.stringify(seen) : text
}

function ofSide(parts: readonly ModelRecord[], name: string): ModelRecord[] {
  return parts.filter(({ value }) => value.kind === name)
}

function sideOf({ sides }: DrawnProgram, { value }: ModelRecord): DrawnSide {
  return sides.find(({ name }) => name === value.kind)!
}
