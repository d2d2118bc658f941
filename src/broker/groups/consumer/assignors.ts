import type { Assignor } from './assignor.ts'
import { assignInRanges } from './range-assignor.ts'
import { assignUniformly } from './uniform-assignor.ts'

export const defaultAssignor = 'uniform'

/** What members may ask for. */
export const assignors: ReadonlyMap<string, Assignor> = new Map([
  [defaultAssignor, assignUniformly],
  ['range', assignInRanges],
])
