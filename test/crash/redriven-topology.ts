/** A program that fails on some records, each in another way, until it is mended; of packs a flatMap makes several. */
import { field, stage, topology } from '../../src/streams/index.ts'
import { lineFaultOf, linesPerPack, type Pack, type PackFault, packFaultOf, packsOf } from './redriven-packs.ts'
import { faultOf, type FaultyRecord } from './redriven-source.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK, BENCH_MENDED } = process.env as Record<string, string>
const isMended = BENCH_MENDED === 'true'

function failAt(place: string, { id }: { id: number }): boolean {
  const fault = faultOf(id) ?? lineFaultOf(id)
  return fault === `${place} for ever` || (fault === place && !isMended)
}

function check<Value extends { id: number }>(place: string, value: Value): Value {
  if (failAt(place, value)) throw new Error(`the ${place} fails on ${value.id}`)
  return value
}

function checkPack(place: PackFault, pack: Pack): Pack {
  if (packFaultOf(pack.pack) === place && !isMended) throw new Error(`the ${place} fails on ${pack.pack}`)
  return pack
}

const stages = {
  A: stage({
    part: (value: FaultyRecord) => (failAt('part', value) ? 1n : check('line', check('stage', value)).part),
  }),
  B: stage({ part: field('part') }),
}

export default topology(BENCH_APP!)
  .source(BENCH_SOURCE!, { decode: (value) => check('decoder', JSON.parse(String(value)) as FaultyRecord) })
  .filter('checked', (value) => check('filter', value) !== undefined)
  .map('kept', (value) => check('map', value))
  .route('by-side', (value) => (failAt('route', value) ? 'nowhere' : value.side), stages)
  .source<Pack>(packsOf(BENCH_SOURCE!))
  .map('packs', (value) => checkPack('pack', value))
  .flatMap('lines', (value) => checkPack('flatMap', value).lines, { partsMax: linesPerPack + 1 })
  .route('by-line', field('side'), stages)
  .correlate('by-id', field('id'), { of: ['A', 'B'] })
  .map('merged', (value) => check('merged line', check('merge', value as unknown as { id: number })))
  .sink(BENCH_SINK!)
