import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { Engine, type EngineOptions } from '../in-memory/engine.ts'
import type { CommitOutcome } from '../in-memory/memory-kafka.ts'
import { field } from '../topology/field.ts'
import type { Key } from '../topology/key.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

/** Of parts of side A a hundred fill the table. */
const filling = 'x'.repeat(10_000)
const pendingBytesMax = 1 << 20
const count = 200

/** A version of a program by where it has its keys. Parts of A are promoted as they come, because they are computed. */
function keyedBy(key: Key, onComputed: () => number) {
  return topology('orders')
    .source('source')
    .route('by-side', field('side'), {
      A: stage({ part: () => `${onComputed()} ${filling}`, deterministic: false }),
      B: stage({ part: field('id') }),
    })
    .correlate('by-key', key, { of: ['A', 'B'], keyName: 'key', whenFull: 'promote' })
    .sink('sink')
}

/** A start of a version, over what the one before has left. */
class Versions {
  readonly time = new VirtualClock()
  computed = 0
  #last: Engine | undefined

  async start(key: string, options: EngineOptions = {}): Promise<Engine> {
    const program = keyedBy(field(key), () => this.computed++)
    const settings = { pendingBytesMax, ...options }
    if (this.#last === undefined) return (this.#last = await Engine.start(program, this.time, settings))
    await this.#last[Symbol.asyncDispose]()
    this.#last.kafka.written.length = 0
    return (this.#last = await Engine.resume(this.#last, program, this.time, settings))
  }

  give(engine: Engine, side: 'A' | 'B', ids: readonly number[], refOf: (id: number) => number): void {
    for (const id of ids) {
      engine.kafka.give(0, [JSON.stringify({ side, id, ref: refOf(id) })], { timestampMs: 1_700_000_000_000 + id })
    }
  }

  async drain(engine: Engine): Promise<void> {
    await this.time.advance(1_000)
    await this.time.until(engine.drain())
  }
}

const idsFrom = (first: number) => Array.from({ length: count }, (_, at) => first + at)

/** Keys of merged records, each with whether its part of A is the one that was computed first. */
const mergedIn = ({ kafka }: Engine) =>
  kafka.written
    .map(({ value }) => JSON.parse(value!) as { key: number; A: string })
    .map(({ key, A }) => [key, A.split(' ')[0]] as const)
    .sort(([a], [b]) => a - b)

const expected = (first: number) => idsFrom(first).map((id) => [id, String(id)])

describe('pending parts under other keys, most of them promoted and not in the table', () => {
  for (const outcome of ['committed', 'aborted', 'answer lost'] satisfies CommitOutcome[]) {
    it(`are taken in again, each once, and leave the table again; the epoch with them is ${outcome}`, async () => {
      const versions = new Versions()
      const before = await versions.start('id')
      // Those of A meet by their refs: the first half parts of B that are there, the second half ones to come.
      versions.give(before, 'A', idsFrom(0), (id) => id)
      versions.give(before, 'A', idsFrom(count), (id) => id)
      versions.give(before, 'B', idsFrom(1_000), (id) => id - 1_000)
      await versions.drain(before)
      const { cold, promoted } = before.session.state
      assert.ok(cold!.partCount > 1.5 * count, `${cold!.partCount} are cold`)
      assert.ok(promoted.has(0, 0) && promoted.has(0, count))
      assert.deepEqual(before.kafka.written, [])
      before.kafka.outcomes.push(outcome)

      const byRef = await versions.start('ref')
      await versions.drain(byRef)

      assert.equal(byRef.crashes.length, outcome === 'committed' ? 0 : 1)
      assert.deepEqual(mergedIn(byRef), expected(0))
      assert.ok(byRef.accounts.every(isBalanced))
      versions.give(byRef, 'A', [5_000], (id) => id)
      await versions.drain(byRef)
      const { state } = byRef.session
      assert.ok(state.cold!.partCount > count / 2, `${state.cold!.partCount} are cold`)
      assert.ok(state.table.liveBytes + state.cold!.bytes <= pendingBytesMax)

      const next = await versions.start('ref')
      versions.give(next, 'B', idsFrom(2_000), (id) => id - 2_000 + count)
      await versions.drain(next)

      assert.deepEqual(mergedIn(next), expected(count))
      assert.equal(next.session.state.pending.count, 1)
      assert.ok(next.accounts.every(isBalanced))
      assert.deepEqual(next.crashes, [])
      // None was computed twice.
      assert.equal(versions.computed, 2 * count + 1)
    })
  }
})
