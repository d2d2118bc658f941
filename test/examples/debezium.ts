import topology from '../../examples/debezium.ts'
import { nextInt, type Random } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

const orders = 'shop.public.orders'
const payments = 'shop.public.payments'
/** Beyond what numbers hold exactly. */
const firstId = 9_007_199_254_740_993n

/**
 * Rows of two tables: inserted, updated, deleted with the tombstone after it, in bare envelopes and in wrapped ones.
 * Some orders are not paid, and some rows lack their key.
 */
export const debezium: Example = {
  name: 'debezium',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, index): Group => {
      const id = firstId + BigInt(index)
      const order = `{"id":${id},"customer":"c-${index}"}`
      const payment = `{"order_id":${id},"cents":${index}}`
      const ofOrder = changes(random, orders, `{"id":${id}}`)
      const ofPayment = changes(random, payments, `{"order_id":${id}}`)
      const inserted = ofOrder(random.nextUint32() % 2 === 0 ? 'c' : 'r', 'null', order)
      const paid = ofPayment('c', 'null', payment)
      const merged = { key: String(id), value: `{"orderId":${id},"order":${order},"payment":${payment}}` }
      switch (nextInt(random, 6)) {
        case 0:
          return { records: [inserted], outcomes: [{ merged: [], deadLetters: [] }] }
        case 1: {
          const record = ofOrder('c', 'null', `{"customer":"c-${index}"}`)
          return { records: [record], outcomes: [{ merged: [], deadLetters: [{ reason: 'KEY_MISSING', record }] }] }
        }
        default: {
          const updated = ofOrder('u', order, `{"id":${id},"customer":"other"}`)
          const deleted = [ofOrder('d', order, 'null'), { ...inserted, value: null }]
          const records = [inserted, updated, paid, ...deleted]
          return { records, outcomes: [{ merged: [merged], deadLetters: [] }] }
        }
      }
    })
  },
}

/** Makes the records of changes of a row, all with or without the schema around them. */
function changes(random: Random, topic: string, rowKey: string) {
  const isWrapped = nextInt(random, 2) === 0
  const wrap = (payload: string) =>
    isWrapped ? `{"schema":{"type":"struct","name":"${topic}"},"payload":${payload}}` : payload
  return (op: string, before: string, after: string): GivenRecord => {
    const source = `{"connector":"postgresql","db":"shop","ts_ms":1700000000000,"lsn":24023128}`
    const envelope = `{"before":${before},"after":${after},"source":${source},"op":"${op}","ts_ms":1700000000001}`
    return { topic, key: wrap(rowKey), value: wrap(envelope) }
  }
}
