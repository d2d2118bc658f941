import type { RecordColumns } from '../../kernel/index.ts'
import type { PlainStep } from '../topology/source.ts'
import { DecodeRows } from './decode-rows.ts'
import { FilterRows } from './filter-rows.ts'
import { MapRows } from './map-rows.ts'
import type { StepFacts, StepRows } from './step-rows.ts'

/** The rows of a batch as a step meets them. */
export function plainStepRows(
  step: PlainStep,
  facts: Omit<StepFacts<never>, 'apply'>,
  columns: RecordColumns,
): StepRows {
  switch (step.kind) {
    case 'decode':
      return new DecodeRows({ ...facts, apply: step.apply }, columns)
    case 'filter':
      return new FilterRows({ ...facts, apply: step.apply }, columns)
    case 'map':
      return new MapRows({ ...facts, apply: step.apply }, columns)
  }
}
