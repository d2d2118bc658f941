import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describePlan } from './describe-plan.ts'
import { apicurioJson, compressedJson, confluentJson, glueJson, rawBytes } from './decoding.ts'
import { field } from './field.ts'
import { header, recordKey } from './key.ts'
import { functionIds, planTopology } from './plan.ts'
import type { SourceOptions } from './source.ts'
import { stage } from './stage.ts'
import { topology } from './topology.ts'

const stages = { A: stage(), B: stage() }
const sourced = (options: SourceOptions = {}) => topology('app').source('in', options)
const bytes = () => topology('app').source('in', { decode: rawBytes() })
const invalid = (make: () => unknown, message: RegExp) =>
  assert.throws(make, { code: 'TOPOLOGY_INVALID', message }, String(make))

describe('a source', () => {
  it('is described with its decoding and its steps', () => {
    const program = topology('app')
      .source('in', { decode: (value) => value.toString() })
      .filter('few', () => true)
      .map('made', () => ({}))
      .route('by', header('type'), stages)
      .source('zipped', { decode: compressedJson('zstd') })
      .side('A', stages.A)
      .correlate('joined', () => 'key', { of: ['A', 'B'], keyName: 'key' })
      .sink('out')

    const { sources, correlate } = describePlan(planTopology(program))

    assert.deepEqual(
      sources.map(({ decode, steps, route }) => [decode, steps, route.by]),
      [
        [
          'what a function decodes',
          [
            { id: 'in-decode', kind: 'decode' },
            { id: 'few', kind: 'filter' },
            { id: 'made', kind: 'map' },
          ],
          'header type (text)',
        ],
        ['JSON compressed with zstd', [], 'all records are of side A'],
      ],
    )
    assert.equal(correlate.by, 'what a function makes')
  })

  it('takes no options that are none', () => {
    invalid(() => sourced({ decode: 'json' as never }), /decode of "in" is the text "json", where a decoding belongs/)
    invalid(() => sourced({ bigIntegers: true as never }), /bigIntegers of "in" is true/)
    for (const max of [0, -1, 1.5, Infinity, '5' as never]) {
      invalid(
        () => sourced({ recordsPerSecondMax: max }),
        /recordsPerSecondMax of "in" is .*; it is a whole number from 1 on/,
      )
    }
    invalid(() => sourced({ timestamp: 'at' as never }), /the timestamp of "in" is the text "at", where a field/)
    invalid(() => confluentJson({ ids: [1.5] }), /the ids of confluentJson are \[1.5\]/)
    invalid(() => apicurioJson({ idBytes: 5 as never }), /idBytes of apicurioJson is 5; it is 4 or 8/)
    invalid(() => compressedJson('lz4' as never), /compressedJson is given "lz4"; it may be "gzip", "zlib", "zstd"/)
    invalid(() => glueJson({ bytesMax: 0 }), /bytesMax of glueJson is 0; it is a whole number of bytes from 1/)
    invalid(() => compressedJson('gzip', { bytesMax: (64 << 20) + 1 }), /bytesMax of compressedJson is 67108865/)
  })

  it('takes no steps that are none', () => {
    invalid(() => sourced().filter('few', true as never), /the function of "few" is true, where a function belongs/)
    invalid(() => sourced().map(1 as never, () => 1), /the id of a map is 1, where a text belongs/)
    const twice = sourced()
      .filter('same', () => true)
      .map('same', () => ({}))
      .route('by', field('type'), stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('out')
    invalid(() => planTopology(twice), /two operators have the id "same"/)
  })

  it('is routed by what names a stage', () => {
    invalid(() => sourced().route('by', 'type' as never, stages), /chooses stages by is the text "type", where a field/)
    invalid(() => sourced().route('by', header('type', 'json'), stages), /is a header as "json", where one as "text"/)
    invalid(() => sourced().route('by', recordKey('base64'), stages), /is a recordKey as "base64", where one as "text"/)
  })

  it('whose keys functions make has an operator of its own for that', () => {
    const program = (id: string) =>
      sourced()
        .route('by', field('type'), stages)
        .correlate(id, () => 'key', { of: ['A', 'B'], keyName: 'key' })
        .sink('out')

    assert.deepEqual(functionIds(planTopology(program('joined'))), ['by', 'by-key', 'stage-A', 'stage-B'])
    invalid(() => planTopology(program('by-key')), /"by-key" is the id of what makes the merge keys of "in"/)
  })

  it('of any bytes has no fields', () => {
    const options = { of: ['A', 'B'], keyName: 'key' } as const
    const byField = bytes().route('by', field('type'), stages).correlate('by-key', recordKey(), options).sink('out')
    const keyField = bytes().route('by', header('type'), stages).correlate('by-key', field('key'), options).sink('out')
    const partField = bytes()
      .route('by', header('type'), { ...stages, B: stage({ part: field('part') }) })
      .correlate('by-key', recordKey(), options)
      .sink('out')
    const mapped = bytes()
      .map('parsed', (text) => ({ key: text.length, type: 'A' }))
      .route('by', field('type'), stages)
      .correlate('by-key', field('key'), options)
      .sink('out')

    invalid(
      () => planTopology(byField),
      /"by" looks for a field in the bytes of "in", which rawBytes does not look into/,
    )
    invalid(() => planTopology(keyField), /side "A" needs a field of the bytes of "in"/)
    const timed = topology('app')
      .source('in', { decode: rawBytes(), timestamp: field('at') })
      .route('by', header('type'), stages)
      .correlate('by-key', recordKey(), options)
      .sink('out')
    invalid(() => planTopology(timed), /"in" looks for its timestamp in bytes/)
    invalid(() => planTopology(partField), /side "B" needs a field of the bytes of "in"/)
    assert.equal(planTopology(mapped).sources.length, 1)
  })
})
