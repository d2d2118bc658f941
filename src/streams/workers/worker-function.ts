import { type ExportPlace, placeOfExport } from '../topology/on-workers.ts'
import { type Plan, type PlannedSource, stageId } from '../topology/plan.ts'
import type { Side } from '../topology/plan-sides.ts'
import type { SourceStep } from '../topology/source.ts'

/** An operator whose function, or schema, threads can find. It is data: it crosses to them. */
export interface WorkerFunction {
  readonly operator: string
  readonly kind: 'stage' | 'decode' | 'filter' | 'map'
  /** The side of a stage. */
  readonly side: string
  readonly bigIntegers: 'number' | 'bigint'
  /** Absent where a stage has a schema only. */
  readonly apply: ExportPlace | undefined
  readonly schema: ExportPlace | undefined
}

/** The operators of a plan that may be on worker threads. */
export function workerFunctions({ sources, sides }: Pick<Plan, 'sources' | 'sides'>): WorkerFunction[] {
  return [
    ...sources.flatMap((source) => source.steps.flatMap((step) => ofStep(source, step))),
    ...sides.flatMap(ofSide),
  ]
}

function ofStep({ bigIntegers }: PlannedSource, { kind, id, apply }: SourceStep): WorkerFunction[] {
  const place = placeOfExport(apply)
  if (kind === 'flatMap' || place === undefined) return []
  return [{ operator: id, kind, side: '', bigIntegers, apply: place, schema: undefined }]
}

function ofSide({ name, stage: { part, schema, bigIntegers } }: Side): WorkerFunction[] {
  const [apply, checked] = [placeOfExport(part), placeOfExport(schema)]
  if (apply === undefined && checked === undefined) return []
  return [{ operator: stageId(name), kind: 'stage', side: name, bigIntegers, apply, schema: checked }]
}
