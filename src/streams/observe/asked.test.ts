import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { Asked } from './asked.ts'

describe('what brokers are asked while somebody looks', () => {
  it('is asked once a second at most, however often it is looked at', async () => {
    const { clock, asked, questions } = start()

    const first = asked.refresh()
    void asked.refresh()
    questions[0]!.resolve(7)
    await first
    await asked.refresh()
    assert.deepEqual([questions.length, asked.latest], [1, 7])

    await clock.advance(1_000)
    void asked.refresh()
    assert.equal(questions.length, 2)
  })

  it('is what was said last while brokers do not answer, for which nobody waits longer than half a second', async () => {
    const { clock, asked, questions } = start()
    let isBack = false

    const refreshed = asked.refresh().then(() => (isBack = true))
    await clock.advance(499)
    assert.equal(isBack, false)
    await clock.advance(1)
    await refreshed
    await clock.advance(4_500)

    assert.deepEqual([asked.latest, asked.unansweredMs], [3, 5_000])
    void asked.refresh()
    assert.equal(questions.length, 1, 'one question at a time')
  })

  it('is asked again after an error', async () => {
    const { clock, asked, questions } = start()

    const first = asked.refresh()
    questions[0]!.reject(new Error('the broker has gone'))
    await first
    assert.equal(asked.unansweredMs, 0)
    await clock.advance(1_000)
    const second = asked.refresh()
    questions[1]!.resolve(9)
    await second

    assert.equal(asked.latest, 9)
  })
})

function start() {
  const clock = new VirtualClock()
  const questions: PromiseWithResolvers<number>[] = []
  const ask = () => {
    const question = Promise.withResolvers<number>()
    questions.push(question)
    return question.promise
  }
  return { clock, questions, asked: new Asked(ask, clock, 3) }
}
