import { kindOf } from '../../core/kind-of.ts'
import { deadLetterReasons, type FieldPath, plainRecord, Reason, type RecordColumns } from '../../kernel/index.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { pathText } from '../topology/field.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import { parseValue } from '../functions/record-view.ts'
import { fieldCause, isOfField } from './field-cause.ts'
import { decodingFor, describeFraming, describeUnreadable } from './unreadable-value.ts'
import { valueAt } from './value-at.ts'

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
    const stagePath = typeof route.by === 'object' && route.by.kind === 'field' ? route.by.path : undefined
    if (reason === Reason.UNKNOWN_STAGE) {
      return stagePath === undefined ? text : stageCause(stagePath, parseValue(columns, row), stages[source]!)
    }
    if (!isOfField(reason)) return text
    const value = parseValue(columns, row)
    const sides = plan.sources[source]!.sides.map((side) => plan.sides[side]!)
    const possible = stagePath === undefined ? sides : sides.filter(({ name }) => name === valueAt(value, stagePath))
    return fieldCause(reason, possible, value) ?? text
  }
}

function stageCause(path: FieldPath, value: unknown, stages: string): string {
  const field = `the field ${JSON.stringify(pathText(path))} of the route`
  const seen = valueAt(value, path)
  return seen === undefined ? `${field} is missing` : unknownStage(`${field} has`, seen, stages)
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
