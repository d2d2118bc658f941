/**
 * Prices of an article from three suppliers, of which two are enough to compare: a third one that comes later is a
 * duplicate, `LATE`: `millrace run examples/k-of-n.ts --bootstrap-servers localhost:9092`.
 */
import { field, stage, topology } from '../src/doors/millrace.ts'

const part = field('price')

export default topology('compared-prices')
  .source('prices')
  .route('by-supplier', field('supplier'), { north: stage({ part }), south: stage({ part }), west: stage({ part }) })
  .correlate('by-article', field('article'), {
    of: ['north', 'south', 'west'],
    atLeast: 2,
    rememberCompleted: { forMs: 24 * 3_600_000 },
  })
  .sink('prices-compared')
