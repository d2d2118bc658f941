import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from './clock.ts'
import { VirtualClock } from '../testing/index.ts'
import { within } from './within.ts'

describe('within', () => {
  it('gives what the work resolves to in time, and leaves no timer behind', async () => {
    const clock = new VirtualClock()

    const result = within(clock, 100, Promise.resolve('done'), 'late')

    assert.equal(await result, 'done')
    assert.equal(clock.pendingTimers, 0)
  })

  it('gives the other value when the time is up', async () => {
    const clock = new VirtualClock()
    const work = sleep(clock, 101).then(() => 'done')

    const result = within(clock, 100, work, 'late')
    await clock.advance(100)

    assert.equal(await result, 'late')
  })

  it('sets no timer when the time is infinite', async () => {
    const clock = new VirtualClock()

    const result = within(clock, Infinity, Promise.resolve('done'), 'late')

    assert.equal(clock.pendingTimers, 0)
    assert.equal(await result, 'done')
  })
})
