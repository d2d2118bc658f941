import topology from '../../examples/optional-side.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group, Outcome } from './example.ts'

const topic = 'customer-events'
/** Before the time of any other record by more than a row may be pending. */
const longAgoMs = 1_690_000_000_000

const nothing: Outcome = { merged: [], deadLetters: [] }

/** Customers, of which half give their consent, some have no address and expire, and some events are of no type. */
export const optionalSide: Example = {
  name: 'optional-side',
  topology,
  settleMs: 1_000,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `c-${id}`
      const [customer, address, consent] = (['customer', 'address', 'consent'] as const).map((type): GivenRecord => {
        return { topic, value: `{"type":"${type}","customerId":"${key}","data":["${type}", ${id}]}` }
      }) as [GivenRecord, GivenRecord, GivenRecord]
      const sides = `{"customerId":"${key}","customer":["customer", ${id}],"address":["address", ${id}]`
      const without: Outcome = { merged: [{ key, value: `${sides}}` }], deadLetters: [] }
      const all: Outcome = { merged: [{ key, value: `${sides},"consent":["consent", ${id}]}` }], deadLetters: [] }
      switch (nextInt(random, 10)) {
        case 0: {
          const value = `{"customerId":"${key}","customer":["customer", ${id}]}`
          const expired = { topic: 'customers-incomplete', key, value }
          const leaves: Outcome = { merged: [expired], deadLetters: [] }
          // The time of records stands after the last one.
          if (id > count / 2) return { records: [customer], outcomes: [leaves, nothing] }
          return { records: [{ ...customer, timestampMs: longAgoMs }], outcomes: [leaves] }
        }
        case 1: {
          const record: GivenRecord = { topic, value: `{"type":"order","customerId":"${key}"}` }
          return { records: [record], outcomes: [{ merged: [], deadLetters: [{ reason: 'UNKNOWN_STAGE', record }] }] }
        }
        case 2:
        case 3:
        case 4:
        case 5:
          return { records: [customer, address], outcomes: [without] }
        default:
          return { records: [consent, address, customer], outcomes: [all] }
      }
    })
  },
}
