/**
 * Orders that leave in several parcels, each of which meets its delivery:
 * `millrace run examples/parcels.ts --bootstrap-servers localhost:9092`.
 */
import { field, topology } from '../src/doors/millrace.ts'

interface Order {
  readonly orderId: string
  readonly parcels: readonly { readonly id: string; readonly grams: number }[]
}

export default topology('parcels-delivered')
  .source<Order>('packed-orders')
  .flatMap('parcels', ({ orderId, parcels }) => parcels.map((parcel) => ({ ...parcel, orderId })), { partsMax: 8 })
  .side('parcel')
  .source('deliveries')
  .side('delivery')
  .correlate('by-parcel', { parcel: field('id'), delivery: field('parcel') }, { of: ['parcel', 'delivery'] })
  .sink('parcels-delivered')
