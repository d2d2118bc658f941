import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { field } from './field.ts'
import { stage } from './stage.ts'
import { topology } from './topology.ts'
import { hopping, session, sliding, tumbling } from './windows.ts'

const sided = () => topology('app').source('a').side('A').source('b').side('B')
const correlated = (options: object = {}) => sided().correlate('joined', field('id'), { of: ['A', 'B'], ...options })
const grouped = (options: object = {}) => topology('app').source('in').groupBy('by-id', field('id'), options)

/** A declaration with an option that is none, as JavaScript lets one write it, and what is said of it. */
const misspelt: readonly (readonly [() => unknown, string])[] = [
  [() => topology('app', { layuot: 'keyed' } as {}), 'layuot is not an option of "app"; did you mean layout?'],
  [() => topology('app').source('in', { topics: ['a'] } as {}), 'topics is not an option of "in"; did you mean topic?'],
  [() => stage({ deterministc: false } as {}), 'deterministc is not an option of a stage; did you mean deterministic?'],
  [
    () =>
      topology('app')
        .source('in')
        .flatMap('lines', () => [], { partMax: 3 } as {}),
    'partMax is not an option of "lines"; did you mean partsMax?',
  ],
  [() => correlated({ expireAfter: 1_000 }), 'expireAfter is not an option of "joined"; did you mean expireAfterMs?'],
  [
    () => correlated({ optional: { sides: ['A'], within: 9 } }),
    'within is not an option of the optional sides of "joined"; did you mean withinMs?',
  ],
  [
    () => correlated({ collect: { A: { max: 3 } } }),
    'max is not an option of "collect" of "joined" for side "A"; there are count',
  ],
  [
    () => correlated({ rememberCompleted: { forMS: 9 } }),
    'forMS is not an option of rememberCompleted of "joined"; did you mean forMs?',
  ],
  [
    () => correlated().map('made', () => 1, { bigInts: 'bigint' } as {}),
    'bigInts is not an option of "made"; there are bigIntegers',
  ],
  [() => correlated().sink('out', { keys: 'none' } as {}), 'keys is not an option of "out"; did you mean key?'],
  [
    () => correlated().branch('which', () => 'out', { out: { header: {} } as {} }),
    'header is not an option of "out"; did you mean headers?',
  ],
  [() => grouped({ key: 'id' }), 'key is not an option of "by-id"; did you mean keyName?'],
  [
    () => tumbling({ sizeMs: 9, grace: 1 } as never),
    'grace is not an option of tumbling windows; did you mean graceMs?',
  ],
  [
    () => hopping({ sizeMs: 9, advanceMs: 3, grace: 1 } as never),
    'grace is not an option of hopping windows; did you mean graceMs?',
  ],
  [
    () => sliding({ gapMs: 9 } as never),
    'gapMs is not an option of sliding windows; there are timeDifferenceMs, graceMs, timestampsMax',
  ],
  [() => session({ gap: 9 } as never), 'gap is not an option of session windows; did you mean gapMs?'],
]

describe('the options of a topology', () => {
  it('are refused by name where one is none', () => {
    for (const [declare, message] of misspelt) assert.throws(declare, { code: 'TOPOLOGY_INVALID', message })
  })
})
