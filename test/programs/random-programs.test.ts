import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compare } from '../examples/model.ts'
import { drive } from '../examples/drive.ts'
import { drawnRuns, partitions } from './drawn-runs.ts'

const programs = Number(process.env['MILLRACE_RUNS'] ?? 25)

describe('programs that chance has drawn', () => {
  it(`do what a naive model says, ${programs} of them`, async (t) => {
    for (const { example, groups, placed, which } of drawnRuns(t, programs)) {
      const difference = compare(groups, placed, 'out', await drive(example, placed, partitions))

      assert.deepEqual(difference, { missing: [], surplus: [] }, which)
    }
  })
})
