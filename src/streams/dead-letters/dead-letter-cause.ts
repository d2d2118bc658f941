import { kindOf } from '../../core/kind-of.ts'
import { deadLetterReasons, type FieldPath, plainRecord, Reason, type RecordColumns } from '../../kernel/index.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { pathText } from '../topology/field.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import { parseValue } from '../functions/record-view.ts'
import { decodingFor, describeFraming, describeUnreadable } from './unreadable-value.ts'

/** What a text in a cause is cut to. */
const shownCharactersMax = 100

/**
 * Says why a row became a dead letter, with what was seen where that tells more than the reason. Reads the record once
 * more.
 */
export type CauseOf = (columns: RecordColumns, row: number) => string

export function causesOf(
  plan: Pick<Plan, 'sources' | 'sides'>,
  partitions: Pick<SourcePartitions, 'sourceOf'>,
): CauseOf {
  const stages = plan.sources.map((source) => stageNames(plan, source))
  return (columns, row) => {
    const reason = columns.reason[row]!
    // A value that no scanner reads may have been given to a function before; what that said of it does not matter.
    const given = unreadable.has(reason) ? undefined : columns.causes.get(row)
    const source = partitions.sourceOf(columns.partition)
    const { decode, route } = plan.sources[source]!
    if (reason === Reason.UNDECODABLE && typeof decode === 'object') {
      const { value } = plainRecord(columns, row)
      return value === undefined ? given! : `${given}; ${describeFraming(value)}`
    }
    if (given !== undefined) return given
    const { text } = deadLetterReasons[reason]!
    if (reason === Reason.NOT_JSON || reason === Reason.NOT_UTF8) {
      const { bytes, valueStart, valueEnd } = columns
      const value = bytes.subarray(valueStart[row]!, valueEnd[row]!)
      const remedy = decode === undefined ? decodingFor(value) : undefined
      return `${text}: ${describeUnreadable(value)}${remedy === undefined ? '' : `: use ${remedy}`}`
    }
    if (reason !== Reason.UNKNOWN_STAGE || typeof route.by !== 'object' || route.by.kind !== 'field') return text
    const field = `the field ${JSON.stringify(pathText(route.by.path))} of the route`
    const seen = valueAt(parseValue(columns, row), route.by.path)
    return seen === undefined ? `${field} is missing` : unknownStage(`${field} has`, seen, stages[source]!)
  }
}

/** What is wrong with a value before anything is looked for in it. */
const unreadable: ReadonlySet<number> = new Set([
  Reason.NOT_JSON,
  Reason.NOT_UTF8,
  Reason.TOO_DEEP,
  Reason.NOT_AN_OBJECT,
])

/** The stages of a source, for a person. */
export function stageNames({ sides }: Pick<Plan, 'sides'>, source: Pick<PlannedSource, 'sides'>): string {
  return source.sides.map((side) => JSON.stringify(sides[side]!.name)).join(', ')
}

/** @param where - Who names the stage, as the beginning of a sentence. */
export function unknownStage(where: string, name: unknown, stages: string): string {
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, shownCharactersMax)) : kindOf(name)
  return `${where} ${shown}, but there is no such stage; the stages are ${stages}`
}

/** What stands at a path, if it is there. */
function valueAt(value: unknown, path: FieldPath): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    if (Array.isArray(at) !== (typeof name === 'number')) return undefined
    at = Reflect.get(at, name)
  }
  return at
}
