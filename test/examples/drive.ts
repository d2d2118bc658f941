import { driveTopology } from '../../src/testing/index.ts'
import type { Example } from './example.ts'
import { type Found, traceOf } from './model.ts'
import { lookupsOf } from './renamed.ts'
import type { PlacedRecord } from './placed-records.ts'

/**
 * Runs a program without a broker, until all has left that is to.
 *
 * @param driveWith - That of the package that the program comes from.
 */
export async function drive(
  { topology, settleMs = 0 }: Example,
  placed: readonly PlacedRecord[],
  partitions: number,
  driveWith = driveTopology,
): Promise<Found> {
  await using driver = await driveWith(topology, { partitions })
  for (const { record, partition, timestampMs } of placed) {
    const { topic, value, key, headers } = record
    const table = lookupsOf(topology).find((each) => each.topic === topic)
    if (table !== undefined) {
      driver.fill(table, [[String(key), value === null ? undefined : JSON.parse(String(value))]])
      continue
    }
    const facts = { ...(key !== undefined && { key }), ...(headers !== undefined && { headers }) }
    await driver.give([value], { topic, partition, timestampMs, ...facts })
  }
  await driver.advance(settleMs)
  const published = [...driver.merged(), ...driver.expired()]
  return {
    merged: published.map(({ topic, key, text, headers }) => {
      return { topic, key, value: text, trace: traceOf(new Map(Object.entries(headers))) }
    }),
    deadLetters: driver.deadLetters().map(({ reason, origins }) => ({ reason, ...origins[0]! })),
  }
}
