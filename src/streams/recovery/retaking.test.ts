import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { Engine } from '../in-memory/engine.ts'
import { rootCause } from '../runtime/root-cause.ts'
import { deadLetterSink, mergedSink } from '../topics/program-topics.ts'
import { field } from '../topology/field.ts'
import type { Key } from '../topology/key.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

/** A version of a program by where it has its keys; those that it has merged are remembered. */
const keyedBy = (key: Key) =>
  topology('orders')
    .source('source')
    .route('by-side', field('side'), { A: stage({ part: field('side') }), B: stage({ part: field('side') }) })
    .correlate('by-key', key, { of: ['A', 'B'], keyName: 'key', rememberCompleted: { forMs: 86_400_000 } })
    .sink('sink')

const recordOf = (side: string, id: unknown, ref: unknown) => JSON.stringify({ side, id, ref })

/** An engine that has ended: by `id` one pair is merged and four parts are pending, whose `ref` says more. */
async function endedById(time: VirtualClock): Promise<Engine> {
  const engine = await Engine.start(keyedBy(field('id')), time)
  engine.kafka.give(0, [recordOf('A', 0, 0), recordOf('B', 0, 0)])
  engine.kafka.give(0, [recordOf('A', 1, 7), recordOf('A', 3, 7), recordOf('B', 2, 7), recordOf('A', 4, 9)])
  await time.until(engine.drain())
  await engine[Symbol.asyncDispose]()
  engine.kafka.written.length = 0
  return engine
}

const byRef = keyedBy(field('ref'))

/** What was written: as what, and whether a dead letter says why. */
const writtenBy = ({ kafka }: Engine) => kafka.written.map(({ sink, value, letter }) => [sink, letter?.reason ?? value])

const mergedByRef = [
  [mergedSink, '{"key":7,"A":"A","B":"B"}'],
  [deadLetterSink, 'DUPLICATE'],
]

describe('pending parts whose keys stand in another place', () => {
  it('are taken in again, which merges some and finds others to be duplicates, before anything new is read', async () => {
    const time = new VirtualClock()
    const before = await endedById(time)
    const { epoch } = manifestOf(before.kafka.checkpoint)!
    before.kafka.give(0, [recordOf('B', 5, 9)])

    await using engine = await Engine.resume(before, byRef, time)
    await time.until(engine.drain())

    const [first, second, ...more] = writtenBy(engine).filter(([sink]) => sink === mergedSink)
    assert.deepEqual([first, second, more], [mergedByRef[0], [mergedSink, '{"key":9,"A":"A","B":"B"}'], []])
    assert.deepEqual(
      writtenBy(engine).filter(([sink]) => sink === deadLetterSink),
      [mergedByRef[1]],
    )
    assert.equal(engine.kafka.lastEpoch, epoch + 2)
    const [account] = engine.accounts
    assert.ok(isBalanced(account!))
    assert.deepEqual([account!.emitted, account!.duplicate, account!.pending], [6, 1, 0])
  })

  it('are taken in once, however an epoch with them ends', async () => {
    for (const outcome of ['aborted', 'answer lost'] as const) {
      const time = new VirtualClock()
      const before = await endedById(time)
      before.kafka.outcomes.push(outcome)

      await using engine = await Engine.resume(before, byRef, time)
      await time.advance(1_000)
      await time.until(engine.drain())

      assert.deepEqual([outcome, engine.crashes.length], [outcome, 1])
      assert.deepEqual(writtenBy(engine), mergedByRef)
      const [account] = engine.accounts
      assert.ok(isBalanced(account!))
      assert.deepEqual([account!.emitted, account!.duplicate, account!.pending], [4, 1, 1])
    }
  })

  it('are what a next start restores, by their new keys', async () => {
    const time = new VirtualClock()
    const before = await endedById(time)
    const between = await Engine.resume(before, byRef, time)
    await time.until(between.drain())
    await between[Symbol.asyncDispose]()

    await using engine = await Engine.resume(between, byRef, time)
    engine.kafka.give(0, [recordOf('B', 4, 9)])
    await time.until(engine.drain())

    assert.deepEqual(writtenBy(engine), [...mergedByRef, [mergedSink, '{"key":9,"A":"A","B":"B"}']])
  })

  it('meet under a key that is read as something else', async () => {
    const time = new VirtualClock()
    const before = await Engine.start(keyedBy(field('id')), time)
    before.kafka.give(0, [recordOf('A', 17, 0), recordOf('B', '17', 0)])
    await time.until(before.drain())
    await before[Symbol.asyncDispose]()

    await using engine = await Engine.resume(before, keyedBy(field('id').asString()), time)
    await time.until(engine.drain())

    assert.deepEqual(writtenBy(engine), [[mergedSink, '{"key":"17","A":"A","B":"B"}']])
  })

  it('make those forgotten that were completed under other keys', async () => {
    const time = new VirtualClock()
    const before = await endedById(time)
    assert.deepEqual(manifestOf(before.kafka.checkpoint)!.completed, { count: 1, forgotten: 0 })

    await using engine = await Engine.resume(before, byRef, time)
    engine.kafka.give(0, [recordOf('A', 9, 0)])
    await time.until(engine.drain())

    const { completed } = manifestOf(engine.kafka.checkpoint)!
    assert.deepEqual(completed, { count: 2, forgotten: 1 })
    // The key 0 was completed under the other place, and means another record here.
    assert.equal(engine.accounts[0]!.pending, 2)
    const warnings = engine.lines.filter(([level]) => level === 'warn').map(([, sentence]) => sentence.split(':')[0])
    assert.equal(warnings[0], 'merge keys stand in another place than before')
  })

  it('end the start where one of them has no key there, and the version before goes on', async () => {
    const time = new VirtualClock()
    const before = await endedById(time)
    const known = new Map(before.kafka.checkpoint)

    const refused = await Engine.resume(before, keyedBy(field('nowhere')), time)
    const reason = await time.until(refused.system.done)

    assert.ok(reason.kind === 'crashed')
    const error = rootCause(reason.error)
    assert.ok(MillraceError.is(error))
    assert.equal(error.code, 'CHECKPOINT_INCOMPATIBLE')
    assert.match(error.message, /record at offset 2 of source partition 0 is pending, and .* makes no part of it \(/)
    assert.deepEqual([before.kafka.written, before.kafka.checkpoint], [[], known])
    await using engine = await Engine.resume(before, keyedBy(field('id')), time)
    engine.kafka.give(0, [recordOf('B', 1, 7)])
    await time.until(engine.drain())
    assert.deepEqual(writtenBy(engine), [[mergedSink, '{"key":1,"A":"A","B":"B"}']])
  })
})
