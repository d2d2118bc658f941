import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explain, field, redrive, type RedriveOptions, stage, topology } from '../../src/streams/index.ts'
import { valuesOf } from './customers.ts'
import { assertProved } from './run.ts'
import { onEmbeddedBroker, type SourceRecord, type Stream, type Target } from './target.ts'

interface Line {
  readonly kind: 'A' | 'B'
  readonly id: string
}

/** Where the program fails, on lines by their names, and on packs by those of their first lines. */
interface Faults {
  /** Before the flatMap. */
  readonly pack?: string
  readonly flatMap?: string
  /** After it: what becomes of this line makes it a dead letter, by itself or by its merge. */
  readonly line?: readonly string[]
  readonly merge?: string
  /** Lines that are made at most of a pack whose first one is of A. */
  readonly linesMax?: number
}

const nameOf = ({ kind, id }: Line) => `${kind}${id}`

/** A record of a source with a flatMap: lines such as A0, B0. */
function pack(...names: readonly string[]): SourceRecord {
  return { key: names[0]!, value: JSON.stringify(names.map((name) => ({ kind: name[0], id: name.slice(1) }))) }
}

function program({ app, source, sink }: Stream, faults: Faults = {}, expireAfterMs?: number) {
  const fail = (isFaulty: boolean) => {
    if (isFaulty) throw new Error('not yet')
  }
  return topology(app)
    .source<readonly Line[]>(source)
    .map('checked', (lines) => {
      fail(nameOf(lines[0]!) === faults.pack)
      return lines
    })
    .flatMap(
      'lines',
      (lines) => {
        fail(nameOf(lines[0]!) === faults.flatMap)
        return lines.slice(0, lines[0]!.kind === 'A' ? faults.linesMax : undefined)
      },
      { partsMax: 4 },
    )
    .route('by-kind', field('kind'), {
      A: stage({
        part(line: Line, { index }) {
          fail(faults.line?.includes(nameOf(line)) === true)
          return index
        },
      }),
      B: stage({
        part(line: Line, { index }) {
          fail(faults.line?.includes(nameOf(line)) === true)
          return index
        },
      }),
    })
    .correlate('by-id', field('id'), {
      of: ['A', 'B'],
      ...(expireAfterMs !== undefined && { expireAfterMs, expireBy: 'eventTime' }),
    })
    .map('merged', (merged, key) => {
      fail(key === faults.merge)
      return merged
    })
    .sink(sink)
}

/** What a merge looks like: the indexes that its lines had. */
const merge = (id: string, a: number, b: number) => `{"id":"${id}","A":${a},"B":${b}}`

/** Dead letters of a source with a flatMap are redriven each for what they are of. */
export function redrivenFlatMaps(target: Target): void {
  const redriveOf = ({ app }: Stream, options: Partial<RedriveOptions> = {}) =>
    redrive({ bootstrapServers: target.bootstrapServers, app, ...options })
  const explainOf = (stream: Stream, key: string) =>
    explain({
      bootstrapServers: target.bootstrapServers,
      app: stream.app,
      key: JSON.stringify(key),
      topology: program(stream),
    })

  async function streamOf(...packs: readonly SourceRecord[]): Promise<Stream> {
    const stream = await target.stream({ sourcePartitions: 1 })
    await stream.produce(packs)
    return stream
  }

  /** Place and extent of each dead letter, and how often it has been redriven. */
  async function lettersOf(stream: Stream): Promise<string[]> {
    return (await stream.deadLetters()).map(({ headers }) => {
      const says = new Map(headers)
      const [offset, index, extent, redriven] = ['offset', 'index', 'extent', 'redriven'].map((name) =>
        says.get(`millrace.${name}`),
      )
      return `${offset}.${index} ${extent}${redriven === undefined ? '' : `, redriven ${redriven}`}`
    })
  }

  describe('redriven dead letters of a source with a flatMap', () => {
    it('are of one of its records, and no other of these is made again', async () => {
      const stream = await streamOf(pack('A0', 'A1', 'A2', 'A3'), pack('B0', 'B1', 'B2', 'B3'))
      const failing = { line: ['A1', 'A3', 'B2'] }
      await stream.run(program(stream, failing))
      const before = await stream.merged()

      const dry = await redriveOf(stream, { dryRun: true })
      const first = await redriveOf(stream)
      const second = await redriveOf(stream)
      const { deadLetters: unread } = await explainOf(stream, '3')
      const { report } = await stream.run(program(stream))

      assert.deepEqual(valuesOf(before), [merge('0', 0, 0)])
      assert.deepEqual(await lettersOf(stream), ['0.1 one', '0.3 one', '1.2 one'])
      assert.deepEqual([dry.redriven, first.redriven, second.redriven], [3, 3, 0])
      assert.deepEqual(
        valuesOf(await stream.merged()),
        [0, 1, 2, 3].map((at) => merge(String(at), at, at)),
      )
      const letter = { reason: 'STAGE_FAILED', index: 3, fate: 'unread' }
      assert.deepEqual(
        unread.map(({ letter: { reason, origins }, redriven }) => {
          return { reason, index: origins[0]!.index, fate: redriven?.fate }
        }),
        [letter],
      )
      const { deadLetters: processed, published } = await explainOf(stream, '3')
      assert.equal(processed[0]!.redriven?.fate, 'processed')
      assert.deepEqual(
        published[0]!.parts.map(({ topic, index }) => [topic, index]),
        [
          [`${stream.app}.redrive`, 3],
          [stream.source, 3],
        ],
      )
      assert.equal(
        report.accounting.reduce((sum, { redriven }) => sum + redriven, 0),
        3,
      )
      await assertProved(target, stream)
    })

    it('are of all that it would have made where they died before it, and each of these dies by itself', async () => {
      const stream = await streamOf(pack('A0', 'A1', 'A2'), pack('B0', 'B1', 'B2'), pack('A3', 'B3'))
      await stream.run(program(stream, { pack: 'A0', flatMap: 'B0' }))

      await redriveOf(stream)
      await stream.run(program(stream, { line: ['A1'] }))
      const { pending, deadLetters } = await explainOf(stream, '1')
      await redriveOf(stream)
      // It dies earlier than the last time, and is still but one of three.
      await stream.run(program(stream, { pack: 'A0' }))
      await redriveOf(stream)
      const again = await redriveOf(stream)
      const { report } = await stream.run(program(stream))

      assert.deepEqual(await lettersOf(stream), ['0.0 rest', '1.0 rest', '0.1 one, redriven 1', '0.1 one, redriven 2'])
      assert.deepEqual(
        pending?.parts.map(({ topic, side, index }) => [topic, side, index]),
        [[`${stream.app}.redrive`, 'B', 1]],
      )
      assert.deepEqual(
        deadLetters.map(({ redriven }) => redriven?.fate),
        ['deadLetter', 'pending', undefined],
      )
      assert.equal(again.redriven, 0)
      assert.deepEqual(valuesOf(await stream.merged()), [
        ...[0, 1, 2].map((at) => merge(String(at), at, at)),
        merge('3', 0, 1),
      ])
      assert.equal(
        report.accounting.reduce((sum, { redriven }) => sum + redriven, 0),
        4,
      )
      await assertProved(target, stream)
    })

    it('are filtered where less is made of their record than before', async () => {
      const stream = await streamOf(pack('A0', 'A1', 'A2'), pack('B0', 'B1', 'B2'))
      await stream.run(program(stream, { line: ['A0', 'A2'] }))

      await redriveOf(stream)
      const { report } = await stream.run(program(stream, { linesMax: 2 }))

      assert.deepEqual(valuesOf(await stream.merged()), [merge('0', 0, 0), merge('1', 1, 1)])
      const sum = (name: 'filtered' | 'redriven') => report.accounting.reduce((total, each) => total + each[name], 0)
      assert.deepEqual([sum('filtered'), sum('redriven')], [1, 2])
      await assertProved(target, stream)
    })

    it('wait for other parts over restarts, promoted too, and go by reference to their record', async () => {
      const stream = await streamOf(pack('A0', 'A1'))
      await stream.run(program(stream, { flatMap: 'A0' }))
      await redriveOf(stream)
      await stream.run(program(stream), { replayRecordsMax: 0 })
      await stream.run(program(stream), { replayRecordsMax: 0 })
      await stream.produce([pack('B1', 'B0')])
      await stream.run(program(stream, { merge: '1' }), { replayRecordsMax: 0 })

      const { reasons } = await redriveOf(stream, { reason: 'MERGE_FAILED' })
      const { report } = await stream.run(program(stream))

      assert.deepEqual(await lettersOf(stream), ['0.0 rest', '0.1 one, redriven 1', '1.0 one'])
      assert.deepEqual(
        reasons.map(({ redriven, gone }) => [redriven, gone]),
        [[2, 0]],
      )
      assert.deepEqual(valuesOf(await stream.merged()), [merge('0', 0, 1), merge('1', 1, 0)])
      assert.equal(
        report.accounting.reduce((sum, { redriven }) => sum + redriven, 0),
        3,
      )
      await assertProved(target, stream)
    })

    it('are several of one record by reference, and those of rows that have expired', async () => {
      const at = (ms: number) => ({ timestampMs: 1_790_000_000_000 + ms })
      const stream = await streamOf({ ...pack('A0', 'A1', 'B1'), ...at(0) }, { ...pack('A9'), ...at(5_000) })
      await stream.run(program(stream, { merge: '1' }, 1_000))

      const failed = await redriveOf(stream)
      const expired = await redriveOf(stream, { reason: 'EXPIRED' })
      await stream.produce([{ ...pack('B0', 'B9'), ...at(5_000) }])
      await stream.run(program(stream))

      assert.deepEqual([failed.redriven, expired.redriven], [2, 1])
      assert.deepEqual(valuesOf(await stream.merged()), [merge('0', 0, 0), merge('1', 1, 2), merge('9', 0, 1)])
      await assertProved(target, stream)
    })

    it('of versions that did not say what they are of are counted, and left alone', async () => {
      const stream = await streamOf(pack('A0', 'A1'), pack('B0', 'B1'))
      await stream.run(program(stream, { line: ['A1'] }))
      const [letter] = await stream.deadLetters()
      const headers = letter!.headers.filter(([name]) => name !== 'millrace.extent')
      await stream.produce(
        [{ value: letter!.value, headers: { ...Object.fromEntries(headers), 'millrace.offset': '1' } as never }],
        stream.deadLetterTopic,
      )

      const { reasons } = await redriveOf(stream)

      assert.deepEqual(
        reasons.map(({ letters, redriven, ofFlatMaps }) => [letters, redriven, ofFlatMaps]),
        [[2, 1, 1]],
      )
      await stream.run(program(stream))
      assert.deepEqual(valuesOf(await stream.merged()), [merge('0', 0, 0), merge('1', 1, 1)])
    })
  })
}

if (import.meta.main) onEmbeddedBroker([redrivenFlatMaps])
