import { encodeJsonString } from '../../kernel/index.ts'
import type { Plan } from './plan.ts'

/** The names in merged records as they stand there: JSON strings with their quotes. */
export interface MergedNames {
  readonly keyName: Uint8Array
  /** In declared order. */
  readonly sideNames: readonly Uint8Array[]
  /** Whether a side is a list of parts, by its index. */
  readonly isList: readonly boolean[]
}

export function mergedNames({ correlate, sides }: Pick<Plan, 'correlate' | 'sides'>): MergedNames {
  return {
    keyName: encodeJsonString(correlate.keyName),
    sideNames: sides.map(({ name }) => encodeJsonString(name)),
    isList: sides.map(({ list }) => list !== undefined),
  }
}
