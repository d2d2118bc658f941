import { CloudEvent, Kafka } from 'cloudevents'
import topology from '../../examples/cloudevents.ts'
import { nextInt, type Random } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

const placedType = 'com.example.order.placed'
const paidType = 'com.example.order.paid'

/** An event as the SDK of CloudEvents writes it, with its data as text and without the headers that it leaves undefined. */
function recordOf(
  type: string,
  subject: string | undefined,
  data: object,
  more: Readonly<Record<string, string>> = {},
): GivenRecord & { readonly value: string } {
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
  return { topic: 'shop-events', value: JSON.stringify(value), headers: { ...Object.fromEntries(texts), ...more } }
}

/** Headers of a trace, valid or not, and what of them is carried on; none for some records. */
function drawTrace(random: Random): { readonly headers: Record<string, string>; readonly trace: string } {
  const hex = (length: number) => Array.from({ length }, () => nextInt(random, 16).toString(16)).join('')
  const traceparent = `00-1${hex(31)}-1${hex(15)}-0${nextInt(random, 2)}`
  const tracestate = `shop=${hex(8)}`
  switch (nextInt(random, 4)) {
    case 0:
      return { headers: {}, trace: '' }
    case 1:
      return { headers: { traceparent: traceparent.toUpperCase().replace('00-', 'FF-'), tracestate }, trace: '' }
    case 2:
      return { headers: { traceparent }, trace: traceparent }
    default:
      return { headers: { tracestate, traceparent }, trace: `${traceparent} ${tracestate}` }
  }
}

/** Orders that are placed and paid, some not paid, some twice, some events without a subject, and some of other types. */
export const cloudevents: Example = {
  name: 'cloudevents',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const subject = `order-${id}`
      const [traceOfPlaced, traceOfPaid] = [drawTrace(random), drawTrace(random)]
      const placed = recordOf(placedType, subject, { id, lines: [{ sku: 's', count: 2 }] }, traceOfPlaced.headers)
      const paid = recordOf(paidType, subject, { id, cents: 17 }, traceOfPaid.headers)
      const value = `{"subject":"${subject}","${placedType}":${placed.value},"${paidType}":${paid.value}}`
      const merged = [{ key: subject, value, trace: traceOfPlaced.trace || traceOfPaid.trace }]
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
