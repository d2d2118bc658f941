import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../../test/property.ts'
import { MillraceError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { decodeManifest } from '../checkpoint/manifest.ts'
import { manifestKey } from '../checkpoint/checkpoint-topic.ts'
import { ordersWith } from '../fixtures/orders.ts'
import { Engine } from '../in-memory/engine.ts'
import type { CommitOutcome } from '../in-memory/memory-kafka.ts'
import { field } from '../topology/field.ts'
import type { MergeKey } from '../topology/merged-step.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

/** Keys as they are asked for, and how records spell them. */
const keys: readonly { readonly asked: MergeKey; readonly spellings: readonly string[] }[] = [
  { asked: 1, spellings: ['1', '1.0', '10e-1'] },
  { asked: '1', spellings: ['"1"', '"\\u0031"'] },
  { asked: 'a "b" é', spellings: ['"a \\"b\\" é"'] },
  { asked: 9007199254740993n, spellings: ['9007199254740993', '9007199254740993.0'] },
  { asked: 9007199254740992, spellings: ['9007199254740992'] },
]

/** One part of each side; the last part of `B`, and two of `C`. */
const plain = ordersWith({})
const part = stage({ part: field('part') })
const rich = topology('orders')
  .source('source')
  .route('by-side', field('side'), { A: part, B: part, C: part })
  .correlate('by-key', field('key'), { of: ['A', 'B', 'C'], latest: ['B'], collect: { C: { count: 2 } } })
  .sink('sink')
const programs = { plain, rich }

interface Given {
  readonly side: 'A' | 'B' | 'C'
  readonly key: number
  readonly spelling: number
}

type Step =
  | { readonly kind: 'give'; readonly records: readonly Given[] }
  | { readonly kind: 'ask'; readonly key: number }
  | { readonly kind: 'outcome'; readonly outcome: CommitOutcome }
  | { readonly kind: 'hold' | 'release' | 'restart' }
  | { readonly kind: 'pass'; readonly ms: number }

const key = fc.nat(keys.length - 1)
const given = fc.record({ side: fc.constantFrom('A' as const, 'B', 'C'), key, spelling: fc.nat(2) })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('give' as const), records: fc.array(given, { maxLength: 5 }) }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('ask' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('outcome' as const),
      outcome: fc.constantFrom<CommitOutcome>('committed', 'answer lost', 'aborted'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('hold' as const, 'release') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 40, 20_000) }) },
)
const courses = fc.record({
  program: fc.constantFrom('plain' as const, 'rich'),
  steps: fc.array(step, { minLength: 5, maxLength: 40 }),
})

/** The pending parts of each key where so many records are consumed: side, offset and value. */
function modelOf(records: readonly Given[], program: keyof typeof programs): Map<number, [string, number, number][]> {
  const rows = new Map<number, [string, number, number][]>()
  for (const [offset, { side, key }] of records.entries()) {
    if (program === 'plain' && side === 'C') continue
    const row = (rows.get(key) ?? []).filter(([of]) => program === 'plain' || side !== 'B' || of !== 'B')
    const isTaken = side !== 'C' && row.some(([of]) => of === side)
    const isFull = side === 'C' && row.filter(([of]) => of === 'C').length === 2
    if (!isTaken && !isFull) row.push([side, offset, offset])
    if (row.length === (program === 'plain' ? 2 : 4)) rows.delete(key)
    else
      rows.set(
        key,
        row.toSorted(([a], [b]) => a.localeCompare(b)),
      )
  }
  return rows
}

/** Tells of each manifest that is written. */
function watch({ kafka: { checkpoint } }: Engine, visit: (epoch: number, nextOffset: number) => void): void {
  const set = checkpoint.set.bind(checkpoint)
  checkpoint.set = (name, value) => {
    const manifest = name === manifestKey ? decodeManifest(value) : undefined
    if (manifest !== undefined) visit(manifest.epoch, manifest.nextOffsets[0]!)
    return set(name, value)
  }
}

/** Answers that were compared with the model, and reads that a stop has rejected. */
const seen = { answers: 0, found: 0, waited: 0, stopped: 0 }

async function follow(program: keyof typeof programs, steps: readonly Step[]): Promise<void> {
  const time = new VirtualClock()
  let engine = await Engine.start(programs[program], time)
  const { kafka } = engine
  const records: Given[] = []
  /** By epoch, how many records had been consumed with it. */
  const history = [0]
  watch(engine, (epoch, nextOffset) => (history[epoch] = nextOffset))
  let release: (() => void) | undefined
  const letGo = () => {
    release?.()
    release = kafka.held = undefined
  }
  const reads: Promise<void>[] = []

  const ask = async (key: number) => {
    const from = history.length - 1
    const { asked } = keys[key]!
    const found = await engine.pending(asked).catch((error: unknown) => {
      assert.ok(MillraceError.is(error) && error.code === 'APP_STOPPED', String(error))
      seen.stopped++
      return null
    })
    if (found === null) return
    const to = history.length - 1
    seen.answers++
    if (to > from) seen.waited++
    const at = (epoch: number) => modelOf(records.slice(0, history[epoch]), program).get(key)
    const epochs = Array.from({ length: to - from + 1 }, (_, after) => from + after)
    if (found === undefined) {
      assert.ok(
        epochs.some((epoch) => at(epoch) === undefined),
        `nothing of ${asked} is pending in none of the epochs ${from} to ${to}`,
      )
      return
    }
    seen.found++
    assert.ok(epochs.includes(found.epoch), `epoch ${found.epoch} is one of ${from} to ${to}`)
    assert.deepEqual(
      found.parts.map(({ side, offset, value }) => [side, offset, value]),
      at(found.epoch),
    )
  }

  const steppers: { readonly [Kind in Step['kind']]: (step: Extract<Step, { kind: Kind }>) => Promise<void> | void } = {
    give({ records: given }) {
      for (const record of given) {
        const { spellings } = keys[record.key]!
        const spelling = spellings[record.spelling % spellings.length]!
        kafka.give(0, [`{"side":"${record.side}","key":${spelling},"part":${records.length}}`])
        records.push(record)
      }
    },
    ask({ key }) {
      const read = ask(key)
      // What it finds is told at the end.
      read.catch(() => {})
      reads.push(read)
    },
    outcome: ({ outcome }) => void kafka.outcomes.push(outcome),
    hold() {
      if (release !== undefined) return
      const { promise, resolve } = Promise.withResolvers<void>()
      kafka.held = promise
      release = resolve
    },
    release: letGo,
    async restart() {
      letGo()
      await time.until(engine[Symbol.asyncDispose]())
      engine = await Engine.resume(engine, programs[program], time)
    },
    pass: ({ ms }) => time.advance(ms),
  }
  for (const each of steps) {
    await steppers[each.kind](each as never)
    await time.advance(0)
  }
  letGo()
  await time.advance(60_000)
  await time.until(engine[Symbol.asyncDispose]())
  await Promise.all(reads)
}

describe('reads of pending rows', () => {
  it('tell what was pending as of an epoch that had committed between question and answer', async (t) => {
    await checkAsync(
      fc.asyncProperty(courses, ({ program, steps }) => follow(program, steps)),
      100,
    )
    const told = JSON.stringify(seen)
    t.diagnostic(told)
    // Unless it was a few courses only, they have what they are about.
    if (seen.answers < 200) return
    assert.ok(seen.found > seen.answers / 10 && seen.waited > seen.answers / 50 && seen.stopped > 0, told)
  })
})
