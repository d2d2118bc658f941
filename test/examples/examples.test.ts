import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import { driveTopology } from '../../src/testing/index.ts'
import { examples } from './all.ts'
import type { Example } from './example.ts'
import { compare, type Found } from './model.ts'
import { placeRecords } from './placed-records.ts'

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

      const found = await drive(example, placed)

      assert.deepEqual(compare(groups, placed, example.topology.sinks[0]!.topic, found), { missing: [], surplus: [] })
    })
  }
})

async function drive({ topology, settleMs = 0 }: Example, placed: ReturnType<typeof placeRecords>): Promise<Found> {
  await using driver = await driveTopology(topology, { partitions })
  for (const { record, partition, timestampMs } of placed) {
    const { topic, value, key, headers } = record
    const facts = { ...(key !== undefined && { key }), ...(headers !== undefined && { headers }) }
    await driver.give([value], { topic, partition, timestampMs, ...facts })
  }
  await driver.advance(settleMs)
  const published = [...driver.merged(), ...driver.expired()]
  return {
    merged: published.map(({ topic, key, text }) => ({ topic, key, value: text })),
    deadLetters: driver.deadLetters().map(({ reason, origins }) => ({ reason, ...origins[0]! })),
  }
}
