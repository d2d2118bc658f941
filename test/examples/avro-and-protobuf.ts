import topology, { orderSchemas, paymentType } from '../../examples/avro-and-protobuf.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

/** Orders of two schemas with their payments; some are of an unknown schema, and some are cut off. */
export const avroAndProtobuf: Example = {
  name: 'avro-and-protobuf',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, number): Group => {
      const id = `o-${number}`
      const lines = Array.from({ length: nextInt(random, 3) }, (_line, at) => `ä${at}`)
      const schema = nextInt(random, 2) === 0 ? 7 : 9
      const gift = schema === 9 && nextInt(random, 2) === 0
      const body = orderSchemas.get(schema)!.toBuffer(schema === 9 ? { id, lines, gift } : { id, lines })
      const order: GivenRecord = { topic: 'orders-avro', value: Buffer.concat([prefixOf(schema), body]) }
      const cents = `${9_007_199_254_740_993n + BigInt(number)}`
      const message = paymentType.encode(paymentType.fromObject({ order_ref: id, cents })).finish()
      const framed = Buffer.concat([prefixOf(3), Buffer.of(0), message])
      const payment: GivenRecord = { topic: 'payments-protobuf', value: framed }
      const broken = (record: GivenRecord): Group => {
        return { records: [record], outcomes: [{ merged: [], deadLetters: [{ reason: 'UNDECODABLE', record }] }] }
      }
      switch (nextInt(random, 8)) {
        case 0:
          return broken({ ...order, value: Buffer.concat([prefixOf(8), body]) })
        case 1:
          return broken({ ...order, value: Buffer.concat([prefixOf(7), body.subarray(0, 2)]) })
        case 2:
          return broken({ ...payment, value: framed.subarray(0, -1) })
        default: {
          const text = `{"id":"${id}","lines":${JSON.stringify(lines)},"gift":${gift}}`
          const value = `{"id":"${id}","order":${text},"payment":{"order_ref":"${id}","cents":"${cents}"}}`
          return { records: [payment, order], outcomes: [{ merged: [{ key: id, value }], deadLetters: [] }] }
        }
      }
    })
  },
}

function prefixOf(schema: number): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(schema, 1)
  return prefix
}
