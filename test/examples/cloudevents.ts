import { CloudEvent, Kafka } from 'cloudevents'
import topology from '../../examples/cloudevents.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

const placedType = 'com.example.order.placed'
const paidType = 'com.example.order.paid'

/** An event as the SDK of CloudEvents writes it, with its data as text and without the headers that it leaves undefined. */
function recordOf(type: string, subject: string | undefined, data: object): GivenRecord & { readonly value: string } {
  const event = new CloudEvent({
    id: `${type}/${subject}`,
    time: '2026-01-01T00:00:00Z',
    source: '/shop',
    type,
    datacontenttype: 'application/json',
    ...(subject !== undefined && { subject }),
    data,
  })
  const { headers, value } = Kafka.binary(event)
  const texts = Object.entries(headers).filter((each): each is [string, string] => typeof each[1] === 'string')
  return { topic: 'shop-events', value: JSON.stringify(value), headers: Object.fromEntries(texts) }
}

/** Orders that are placed and paid, some not paid, some twice, some events without a subject, and some of other types. */
export const cloudevents: Example = {
  name: 'cloudevents',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const subject = `order-${id}`
      const placed = recordOf(placedType, subject, { id, lines: [{ sku: 's', count: 2 }] })
      const paid = recordOf(paidType, subject, { id, cents: 17 })
      const value = `{"subject":"${subject}","${placedType}":${placed.value},"${paidType}":${paid.value}}`
      const merged = [{ key: subject, value }]
      switch (nextInt(random, 6)) {
        case 0:
          return { records: [placed], outcomes: [{ merged: [], deadLetters: [] }] }
        case 1: {
          const record = recordOf(paidType, undefined, { id })
          return { records: [record], outcomes: [{ merged: [], deadLetters: [{ reason: 'KEY_MISSING', record }] }] }
        }
        case 2: {
          const again = { ...placed }
          return {
            records: [placed, again, paid],
            outcomes: [{ merged, deadLetters: [{ reason: 'DUPLICATE', record: again }] }],
          }
        }
        default:
          return {
            records: [paid, recordOf('com.example.order.viewed', subject, { id }), placed],
            outcomes: [{ merged, deadLetters: [] }],
          }
      }
    })
  },
}
