import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../core/clock.ts'
import { VirtualClock } from '../../testing/index.ts'
import { type Runnable, Scheduler } from './scheduler.ts'

describe('Scheduler', () => {
  it('runs what was scheduled within a microtask, one step each in turn', async () => {
    const scheduler = new Scheduler(new VirtualClock())
    const steps: string[] = []
    const worker = (name: string, stepsLeft: number): Runnable => ({
      run() {
        steps.push(name)
        if (--stepsLeft > 0) scheduler.schedule(this)
      },
    })

    scheduler.schedule(worker('a', 3))
    scheduler.schedule(worker('b', 2))
    assert.deepEqual(steps, [])
    await Promise.resolve()

    assert.deepEqual(steps, ['a', 'b', 'a', 'b', 'a'])
  })

  it('lets the event loop turn after 1,024 steps', async () => {
    const scheduler = new Scheduler(new VirtualClock())
    const endless = countingRunnable(scheduler)

    scheduler.schedule(endless)
    await nextTurn()
    assert.equal(endless.steps, 1_024)
    await nextTurn()
    assert.equal(endless.steps, 2_048)
    endless.isDone = true
  })

  it('lets the event loop turn although each step is scheduled by a microtask of its own', async () => {
    const scheduler = new Scheduler(new VirtualClock())
    let steps = 0
    let isDone = false
    const runnable = {
      run() {
        steps++
        if (!isDone) void Promise.resolve().then(() => scheduler.schedule(runnable))
      },
    }

    scheduler.schedule(runnable)
    await nextTurn()

    isDone = true
    assert.equal(steps, 1_024)
  })

  it('lets the event loop turn after 2 ms of few, long steps', async () => {
    const clock = new VirtualClock()
    let nowMs = 0
    const scheduler = new Scheduler({
      nowMs: () => clock.nowMs(),
      monotonicMs: () => nowMs,
      setTimer: (options, callback) => clock.setTimer(options, callback),
    })
    let steps = 0
    const slow = {
      run() {
        steps++
        nowMs += 0.7
        if (steps < 100) scheduler.schedule(slow)
      },
    }

    scheduler.schedule(slow)
    await nextTurn()

    assert.equal(steps, 3)
    steps = 100
  })

  it('lets what is to leave go before each further turn, and not before the first', async () => {
    const left: number[] = []
    const scheduler = new Scheduler(new VirtualClock(), () => left.push(endless.steps))
    const endless = countingRunnable(scheduler)

    scheduler.schedule(endless)
    await nextTurn()
    await nextTurn()
    await nextTurn()
    endless.isDone = true

    assert.deepEqual(left, [1_024, 2_048])
  })

  it('B18 does nothing when there is nothing to run, and wakes up again', async () => {
    const scheduler = new Scheduler(systemClock)
    const once = { steps: 0, run: () => void once.steps++ }

    for (let round = 1; round <= 3; round++) {
      scheduler.schedule(once)
      await nextTurn()
      await nextTurn()
      assert.equal(once.steps, round)
    }
  })
})

function countingRunnable(scheduler: Scheduler) {
  const runnable = {
    steps: 0,
    isDone: false,
    run() {
      runnable.steps++
      if (!runnable.isDone) scheduler.schedule(runnable)
    },
  }
  return runnable
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
