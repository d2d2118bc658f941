import type { TestContext } from 'node:test'
import { type Random, seededRandom, systemRandom } from '../../src/core/random.ts'
import type { Group } from '../examples/example.ts'
import { type PlacedRecord, placeRecords } from '../examples/placed-records.ts'
import { randomExample } from './random-example.ts'

const groupCount = 60
export const partitions = 2

/** A program that chance has drawn, and what it reads. */
export interface DrawnRun {
  readonly example: ReturnType<typeof randomExample>
  readonly groups: readonly Group[]
  readonly placed: readonly PlacedRecord[]
  readonly random: Random
  /** Says which one it is, and how to draw it again. */
  readonly which: string
}

/** Draws them from `MILLRACE_SEED` on, and tells that seed. */
export function* drawnRuns(t: TestContext, count: number): Generator<DrawnRun, void> {
  const first = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
  t.diagnostic(`MILLRACE_SEED=${first} repeats it`)
  for (let seed = first; seed < first + count; seed++) {
    const random = seededRandom(seed)
    const example = randomExample(seed)
    const groups = example.draw(random, groupCount)
    const placed = placeRecords(groups, partitions, random)
    const which = `MILLRACE_RUNS=1 MILLRACE_SEED=${seed}: ${JSON.stringify(example.program)}`
    yield { example, groups, placed, random, which }
  }
}
