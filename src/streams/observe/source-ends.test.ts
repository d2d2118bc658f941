import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { topicOf } from '../in-memory/memory-kafka.ts'
import { Sources } from '../topics/sources.ts'
import { SourceEnds } from './source-ends.ts'

describe('where the source ends', () => {
  it('is asked for once a second at most, however often it is looked at', async () => {
    const { clock, ends, questions } = start()

    const first = ends.refresh()
    void ends.refresh()
    questions[0]!.resolve([7])
    await first
    await ends.refresh()
    assert.deepEqual([questions.length, ends.known], [1, { offsets: [7], ageMs: 0 }])

    await clock.advance(1_000)
    assert.equal(ends.known.ageMs, 1_000)
    void ends.refresh()
    assert.equal(questions.length, 2)
  })

  it('is what was said last while brokers do not answer, for which nobody waits longer than half a second', async () => {
    const { clock, ends, questions } = start()
    let isBack = false

    const refreshed = ends.refresh().then(() => (isBack = true))
    await clock.advance(499)
    assert.equal(isBack, false)
    await clock.advance(1)
    await refreshed
    await clock.advance(4_500)

    assert.deepEqual([ends.known.offsets, ends.unansweredMs], [[3], 5_000])
    void ends.refresh()
    assert.equal(questions.length, 1, 'one question at a time')
  })

  it('is asked for again after an error', async () => {
    const { clock, ends, questions } = start()

    const first = ends.refresh()
    questions[0]!.reject(new Error('the broker has gone'))
    await first
    assert.equal(ends.unansweredMs, 0)
    await clock.advance(1_000)
    const second = ends.refresh()
    questions[1]!.resolve([9])
    await second

    assert.deepEqual(ends.known.offsets, [9])
  })
})

function start() {
  const clock = new VirtualClock()
  const questions: PromiseWithResolvers<number[]>[] = []
  const log = {
    ends() {
      const question = Promise.withResolvers<number[]>()
      questions.push(question)
      return question.promise
    },
  }
  const sources = new Sources([topicOf('orders', 1)])
  return { clock, questions, ends: new SourceEnds(log, sources, clock, [3]) }
}
