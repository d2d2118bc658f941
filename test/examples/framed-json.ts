import { encode } from '@msgpack/msgpack'
import topology from '../../examples/framed-json.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

/** Stock levels and forecasts by article, of which some expect nothing; some values are not what they should be. */
export const framedJson: Example = {
  name: 'framed-json',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const sku = `a-${id}`
      const level = `{ "sku":"${sku}", "level":${id}.50 }`
      const stock: GivenRecord = { topic: 'stock-levels', value: Buffer.concat([prefixOf(id), Buffer.from(level)]) }
      const forecastOf = (expected: number): GivenRecord => {
        return { topic: 'forecasts', value: Buffer.from(encode({ sku, expected, week: [id % 52] })) }
      }
      const nothing = { merged: [], deadLetters: [] }
      switch (nextInt(random, 6)) {
        case 0:
          return { records: [stock, forecastOf(0)], outcomes: [nothing] }
        case 1: {
          // Without its prefix, as another producer may write it.
          const record: GivenRecord = { topic: 'stock-levels', value: level }
          return { records: [record], outcomes: [{ merged: [], deadLetters: [{ reason: 'UNDECODABLE', record }] }] }
        }
        case 2: {
          const record: GivenRecord = { topic: 'forecasts', value: Buffer.of(0xc1, id & 0xff) }
          return { records: [record], outcomes: [{ merged: [], deadLetters: [{ reason: 'UNDECODABLE', record }] }] }
        }
        default: {
          const expected = 1 + nextInt(random, 100)
          const forecast = `{"sku":"${sku}","expected":${expected},"week":[${id % 52}]}`
          const value = `{"sku":"${sku}","stock":${level},"forecast":${forecast}}`
          return {
            records: [forecastOf(expected), stock],
            outcomes: [{ merged: [{ key: sku, value }], deadLetters: [] }],
          }
        }
      }
    })
  },
}

/** Byte 0, and a schema of some id. */
function prefixOf(id: number): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(1 + (id % 3), 1)
  return prefix
}
