import topology from '../../examples/parcels.ts'
import { nextInt } from '../../src/core/random.ts'
import type { ExpectedLetter, ExpectedRecord, Example, GivenRecord, Group } from './example.ts'

/** Orders of no, one or more parcels; some are never delivered, and some orders have a parcel without an id. */
export const parcels: Example = {
  name: 'parcels',
  topology,
  provokes: ['KEY_MISSING', 'MAP_FAILED'],
  draw(random, count) {
    return Array.from({ length: count }, (_, number): Group => {
      const orderId = `o-${number}`
      if (nextInt(random, 40) === 0) return withTooMany(orderId)
      const all = Array.from({ length: nextInt(random, 6) }, (_parcel, at) => ({
        id: nextInt(random, 12) === 0 ? undefined : `${orderId}-${at}`,
        grams: nextInt(random, 1_000),
      }))
      const order: GivenRecord = { topic: 'packed-orders', value: JSON.stringify({ orderId, parcels: all }) }
      const records = [order]
      const merged: ExpectedRecord[] = []
      const deadLetters: ExpectedLetter[] = []
      for (const { id, grams } of all) {
        if (id === undefined) {
          deadLetters.push({ reason: 'KEY_MISSING', record: order })
          continue
        }
        if (nextInt(random, 8) === 0) continue
        const delivery = { topic: 'deliveries', value: `{"parcel":"${id}", "depot":${nextInt(random, 9)}}` }
        records.push(delivery)
        const parcel = JSON.stringify({ id, grams, orderId })
        merged.push({ key: id, value: `{"id":"${id}","parcel":${parcel},"delivery":${delivery.value}}` })
      }
      return { records, outcomes: [{ merged, deadLetters }] }
    })
  },
}

/** More parcels than the program takes. */
function withTooMany(orderId: string): Group {
  const all = Array.from({ length: 9 }, (_, at) => ({ id: `${orderId}-${at}`, grams: 1 }))
  const record: GivenRecord = { topic: 'packed-orders', value: JSON.stringify({ orderId, parcels: all }) }
  return { records: [record], outcomes: [{ merged: [], deadLetters: [{ reason: 'MAP_FAILED', record }] }] }
}
