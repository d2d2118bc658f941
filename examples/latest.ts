/**
 * Parcels with the last position before they were delivered; the positions before are superseded:
 * `millrace run examples/latest.ts --bootstrap-servers localhost:9092`.
 */
import { field, topology } from '../src/doors/millrace.ts'

export default topology('delivered-parcels')
  .source('parcel-positions')
  .side('position')
  .source('parcel-deliveries')
  .side('delivery')
  .correlate('by-parcel', field('parcel'), {
    of: ['position', 'delivery'],
    latest: ['position'],
    rememberCompleted: { forMs: 24 * 3_600_000 },
  })
  .sink('parcels-delivered')
