/**
 * Customers with their consent to be written to, which many never give: a record of customer and address leaves without
 * it a quarter of a second after these two are there, and one that lacks an address leaves by itself after an hour:
 * `millrace run examples/optional-side.ts --bootstrap-servers localhost:9092`.
 */
import { field, stage, topology } from '../src/doors/millrace.ts'

const part = field('data')

export default topology('customers-with-consent')
  .source('customer-events')
  .route('by-type', field('type'), { customer: stage({ part }), address: stage({ part }), consent: stage({ part }) })
  .correlate('by-customer', field('customerId'), {
    of: ['customer', 'address', 'consent'],
    optional: { sides: ['consent'], withinMs: 250 },
    expireAfterMs: 3_600_000,
    expireTo: 'customers-incomplete',
    rememberCompleted: { forMs: 24 * 3_600_000 },
  })
  .sink('customers-to-write-to')
