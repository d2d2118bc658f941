/**
 * Orders in Avro and payments in Protobuf, as serializers of Confluent's schema registry write them: byte 0, the id of
 * the schema, in Protobuf the index of the message, and then what a library decodes. Programs take their schemas from the
 * registry, or bring them along, as here:
 * `millrace run examples/avro-and-protobuf.ts --bootstrap-servers localhost:9092`.
 */
import avro from 'avsc'
import protobuf from 'protobufjs'
import { field, PermanentFailure, topology } from '../src/doors/millrace.ts'

/** Schemas that orders were written with, by their ids: the second one has a default for what the first one lacks. */
export const orderSchemas = new Map([
  [7, avro.Type.forSchema(orderOf())],
  [9, avro.Type.forSchema(orderOf({ name: 'gift', type: 'boolean', default: false }))],
])
const newest = orderSchemas.get(9)!
const resolvers = new Map([...orderSchemas].map(([id, schema]) => [id, newest.createResolver(schema)]))

export const paymentType = protobuf
  .parse('syntax = "proto3"; message Payment { string order_ref = 1; int64 cents = 2; }', { keepCase: true })
  .root.lookupType('Payment')

interface Order {
  readonly id: string
  readonly lines: readonly string[]
  readonly gift: boolean
}

interface Payment {
  readonly order_ref: string
  /** As text: a number does not hold all of int64. */
  readonly cents: string
}

function orderOf(...more: readonly object[]) {
  const lines = { name: 'lines', type: { type: 'array', items: 'string' } }
  return { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'string' }, lines, ...more] } as avro.Schema
}

function decodeOrder(bytes: Uint8Array): Order {
  const schema = schemaId(bytes)
  const resolver = resolvers.get(schema)
  if (resolver === undefined) throw new PermanentFailure(`no schema has the id ${schema}`)
  return attempt('Avro', () => newest.fromBuffer(Buffer.from(bytes.subarray(5)), resolver) as Order)
}

function decodePayment(bytes: Uint8Array): Payment {
  schemaId(bytes)
  // Index 0 stands for the first message of the schema.
  if (bytes[5] !== 0) throw new PermanentFailure('it is not the first message of its schema')
  return attempt('Protobuf', () => {
    const message = paymentType.decode(bytes.subarray(6))
    return paymentType.toObject(message, { longs: String, defaults: true }) as Payment
  })
}

function schemaId(bytes: Uint8Array): number {
  if (bytes[0] !== 0 || bytes.length < 6) throw new PermanentFailure('it has no prefix of a schema registry')
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
}

/** A verdict on the record: however many there are of them, the program goes on. */
function attempt<Value>(format: string, decode: () => Value): Value {
  try {
    return decode()
  } catch (error) {
    throw new PermanentFailure(`no ${format}: ${(error as Error).message}`)
  }
}

export default topology('orders-and-payments')
  .source('orders-avro', { decode: decodeOrder })
  .side('order')
  .source('payments-protobuf', { decode: decodePayment })
  .side('payment')
  .correlate('by-order', { order: field('id'), payment: field('order_ref') }, { of: ['order', 'payment'] })
  .sink('complete', { topic: 'orders-and-payments' })
