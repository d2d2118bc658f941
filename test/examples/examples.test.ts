import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import { examples } from './all.ts'
import { drive } from './drive.ts'
import { compare } from './model.ts'
import { placeRecords } from './placed-records.ts'
import { sinkOf } from './renamed.ts'

const groupCount = 200
const partitions = 2

describe('the programs of examples/', () => {
  it('all have a model', () => {
    const files = readdirSync(join(import.meta.dirname, '../../examples'), { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map(({ name }) => name.slice(0, -'.ts'.length))

    assert.deepEqual(examples.map(({ name }) => name).sort(), files.sort())
  })

  for (const example of examples) {
    it(`do what their models say, without a broker: ${example.name}`, async (t) => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const random = seededRandom(seed)
      const groups = example.draw(random, groupCount)
      const placed = placeRecords(groups, partitions, random)

      const found = await drive(example, placed, partitions)

      assert.deepEqual(compare(groups, placed, sinkOf(example.topology), found), { missing: [], surplus: [] })
    })
  }
})
