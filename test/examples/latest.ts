import topology from '../../examples/latest.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group, Outcome } from './example.ts'

/** Parcels with some positions, of which some are not delivered. The topics decide between them which position is last. */
export const latest: Example = {
  name: 'latest',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `p-${id}`
      const positions = Array.from({ length: 1 + nextInt(random, 4) }, (_position, at): GivenRecord => {
        return { topic: 'parcel-positions', value: `{"parcel":"${key}","at":${at}}` }
      })
      if (nextInt(random, 5) === 0) return { records: positions, outcomes: [{ merged: [], deadLetters: [] }] }
      const delivery: GivenRecord = { topic: 'parcel-deliveries', value: `{"parcel":"${key}","door":${id}}` }
      const outcomes = positions.map(({ value }, at): Outcome => {
        return {
          merged: [
            { key, value: `{"parcel":"${key}","position":${String(value)},"delivery":${String(delivery.value)}}` },
          ],
          deadLetters: positions.slice(at + 1).map((record) => ({ reason: 'COMPLETED', record })),
        }
      })
      return { records: [...positions, delivery], outcomes }
    })
  },
}
