import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import { compare } from '../examples/model.ts'
import { placeRecords } from '../examples/placed-records.ts'
import { drive } from '../examples/drive.ts'
import { randomExample } from './random-example.ts'

const programs = Number(process.env['MILLRACE_RUNS'] ?? 25)
const groupCount = 60
const partitions = 2

describe('programs that chance has drawn', () => {
  it(`do what a naive model says, ${programs} of them`, async (t) => {
    const first = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
    t.diagnostic(`MILLRACE_SEED=${first} repeats it`)
    for (let seed = first; seed < first + programs; seed++) {
      const random = seededRandom(seed)
      const example = randomExample(seed)
      const groups = example.draw(random, groupCount)
      const placed = placeRecords(groups, partitions, random)

      const difference = compare(groups, placed, 'out', await drive(example, placed, partitions))

      const which = `MILLRACE_RUNS=1 MILLRACE_SEED=${seed}: ${JSON.stringify(example.program)}`
      assert.deepEqual(difference, { missing: [], surplus: [] }, which)
    }
  })
})
