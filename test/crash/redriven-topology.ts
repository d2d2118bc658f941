/** A program that fails on some records, each in another way, until it is mended. */
import { field, stage, topology } from '../../src/streams/index.ts'
import { faultOf, type FaultyRecord } from './redriven-source.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK, BENCH_MENDED } = process.env as Record<string, string>
const isMended = BENCH_MENDED === 'true'

function failAt(place: string, { id }: { id: number }): boolean {
  const fault = faultOf(id)
  return fault === `${place} for ever` || (fault === place && !isMended)
}

function check<Value extends { id: number }>(place: string, value: Value): Value {
  if (failAt(place, value)) throw new Error(`the ${place} fails on ${value.id}`)
  return value
}

export default topology(BENCH_APP!)
  .source(BENCH_SOURCE!, { decode: (value) => check('decoder', JSON.parse(String(value)) as FaultyRecord) })
  .filter('checked', (value) => check('filter', value) !== undefined)
  .map('kept', (value) => check('map', value))
  .route('by-side', (value) => (failAt('route', value) ? 'nowhere' : value.side), {
    A: stage({
      part: (value: FaultyRecord) => (failAt('part', value) ? 1n : check('stage', value).part),
    }),
    B: stage({ part: field('part') }),
  })
  .correlate('by-id', field('id'), { of: ['A', 'B'] })
  .map('merged', (value) => check('merge', value as unknown as { id: number }))
  .sink(BENCH_SINK!)
