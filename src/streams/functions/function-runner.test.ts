import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveOptions } from '../../core/options.ts'
import { VirtualClock } from '../../testing/index.ts'
import { runOptions } from '../options.ts'
import { type Line, TestHost, TestRows } from './fixtures/function-host.ts'
import { type FunctionHost, FunctionRunner } from './function-runner.ts'
import { PermanentFailure } from './permanent-failure.ts'

const defaults = resolveOptions(runOptions, { given: { bootstrapServers: 'localhost:9092' }, env: {} })
const outage = new Error('connect ECONNREFUSED')

function runnerWith(options: Partial<FunctionHost['options']> = {}) {
  const clock = new VirtualClock()
  const host = new TestHost(clock, options)
  const runner = new FunctionRunner(host, 'stage-A')
  const stop = new AbortController()
  const start = (rows: TestRows) => {
    const running = runner.run(rows, stop.signal)
    running.catch(() => {})
    return running
  }
  const run = (rows: TestRows) => clock.until(start(rows))
  return { clock, host, start, run, stop, lines: host.lines }
}

const sentences = (lines: readonly Line[]) => lines.map(([level, , sentence]) => `${level}: ${sentence}`)

describe('FunctionRunner', () => {
  it('lives through an outage of 20 s by default, with one warning and one line when that is over', async () => {
    const { clock, run, lines } = runnerWith(defaults)
    const rows = new TestRows({ count: 300 }, () => {
      if (clock.monotonicMs() < 20_000) return Promise.reject(outage)
      return 'made'
    })

    await run(rows)

    assert.deepEqual([...rows.results.values()], Array(300).fill('made'))
    assert.ok(clock.monotonicMs() < 26_000)
    assert.deepEqual(sentences(lines), [
      'warn: "stage-A" fails on offset 255 of partition 0 of topic "source"; it is tried again, and the source pauses',
      `info: "stage-A" works again after ${Math.round(clock.monotonicMs())} ms; 0 records became dead letters`,
    ])
    const [, { app, operator, topic, partition, offset, err }] = lines[0]!
    assert.deepEqual(
      { app, operator, topic, partition, offset, err },
      { app: 'app', operator: 'stage-A', topic: 'source', partition: 0, offset: 255, err: outage },
    )
    assert.equal(lines[1]![1]['deadLetters'], 0)
  })

  it('pauses twice as long each time, up to the greatest pause', async () => {
    const { clock, run } = runnerWith({ stageAttempts: 6, stageRetryFirstMs: 100, stageRetryMaxMs: 500 })
    const calledMs: number[] = []

    await run(
      new TestRows({ count: 1 }, () => {
        calledMs.push(clock.monotonicMs())
        return Promise.reject(outage)
      }),
    )

    assert.deepEqual(calledMs, [0, 100, 300, 700, 1_200, 1_700])
  })

  it('tells of failures that go on by numbers, and at most once a minute', async () => {
    const { run, lines } = runnerWith({ stageRetryFirstMs: 1_000, stageRetryMaxMs: 1_000, stageAttempts: 100 })

    await run(
      new TestRows({ count: 5 }, (offset) => {
        if (offset === 3) return Promise.reject(outage)
        return 'made'
      }),
    )

    const place = 'offset 3 of partition 0 of topic "source"'
    assert.deepEqual(sentences(lines), [
      `warn: "stage-A" fails on ${place}; it is tried again, and the source pauses`,
      `warn: "stage-A" still fails, in 61 attempts, last on ${place}`,
      `warn: records on which "stage-A" failed become dead letters, 1 so far, last ${place}`,
    ])
    assert.deepEqual(lines.at(1)![1], {
      app: 'app',
      operator: 'stage-A',
      topic: 'source',
      partition: 0,
      offset: 3,
      err: outage,
      failedAttempts: 61,
      deadLetters: 0,
      failingMs: 60_000,
    })
    assert.equal(lines.at(2)![1]['deadLetters'], 1)
  })

  it('makes a dead letter at once where no retry can help', async () => {
    const { clock, host, run } = runnerWith()
    const refusal = new PermanentFailure('no such customer')
    let calls = 0
    const rows = new TestRows({ count: 2 }, (offset) => {
      calls++
      return offset === 0 ? Promise.reject(refusal) : 'made'
    })

    await run(rows)

    assert.deepEqual(Object.fromEntries(rows.results), { 0: refusal, 1: 'made' })
    assert.deepEqual([calls, clock.monotonicMs(), host.openStreaks.size], [2, 0, 0])
  })

  it('gives up at once a record on which it throws, so that a thousand of them take no time', async () => {
    const { clock, run, lines } = runnerWith(defaults)
    const [batches, count] = [50, 2_000]
    let [calls, failed] = [0, 0]

    for (let batch = 0; batch < batches; batch++) {
      const rows = new TestRows({ from: batch * count, count }, (offset) => {
        calls++
        if (offset % 100 === 0) throw outage
        return 'made'
      })
      await run(rows)
      failed += [...rows.results.values()].filter((result) => result === outage).length
    }

    assert.deepEqual([calls, failed, clock.monotonicMs()], [100_000, 1_000, 0])
    assert.deepEqual(sentences(lines), [
      'warn: records on which "stage-A" failed become dead letters, 20 so far, last offset 1900 of partition 0 of topic "source"',
    ])
  })

  it('has a record on which a promise was rejected, and which throws then, no attempt left', async () => {
    const { run } = runnerWith({ stageAttempts: 100 })
    const thrown = new Error('no number')
    let calls = 0
    const rows = new TestRows({ count: 1 }, () => {
      if (++calls === 1) return Promise.reject(outage)
      throw thrown
    })

    await run(rows)

    assert.deepEqual([calls, rows.results.get(0)], [2, thrown])
  })

  it('asks a function that fails on everything for few records only', async () => {
    const { run } = runnerWith({ stageAttempts: 4 })
    const called = new Set<number>()
    const rows = new TestRows({ count: 2_048 }, (offset) => {
      called.add(offset)
      return Promise.reject(outage)
    })

    await assert.rejects(run(rows), { code: 'STAGE_FAILS_ON_EVERYTHING', cause: outage })

    assert.deepEqual([called.size, rows.results.size], [256, 0])
  })

  it('ends its pause when its operator is stopped', async () => {
    const { clock, start, stop } = runnerWith()
    const running = start(
      new TestRows({ count: 1 }, () => {
        return Promise.reject(outage)
      }),
    )
    await clock.advance(50)

    stop.abort(new Error('stopped'))

    await assert.rejects(running, { message: 'stopped' })
    assert.equal(clock.pendingTimers, 0)
  })

  describe('that reads pending parts again', () => {
    for (const [what, failure, calls] of [
      ['after as many attempts', outage, 3],
      ['at once where no retry can help', new PermanentFailure('gone'), 1],
    ] as const) {
      it(`ends ${what} with an error of its own that may pass, and diverts nothing`, async () => {
        const { host, run } = runnerWith()
        host.restoration = { isDone: false }
        let count = 0
        const rows = new TestRows({ from: 7, count: 1 }, () => {
          count++
          return Promise.reject(failure)
        })

        await assert.rejects(run(rows), {
          name: 'FunctionError',
          code: 'STAGE_FAILS_ON_PENDING',
          retryable: true,
          cause: failure,
          details: { operator: 'stage-A', partition: 0, offset: 7 },
        })

        assert.deepEqual([count, rows.results.size], [calls, 0])
      })
    }
  })

  describe('with a promise that does not settle', () => {
    const never = () => new Promise<never>(() => {})

    it('tells of it with its record, after 10 s and then once a minute', async () => {
      const { clock, start, lines } = runnerWith()
      void start(new TestRows({ partition: 2, from: 40, count: 3 }, (offset) => (offset === 41 ? never() : 'made')))

      await clock.advance(9_999)
      assert.deepEqual(lines, [])
      await clock.advance(60_001)

      const facts = { app: 'app', operator: 'stage-A', topic: 'source', partition: 2, offset: 41, pendingPromises: 1 }
      assert.deepEqual(
        lines,
        [10_000, 70_000].map((pendingMs) => [
          'warn',
          { ...facts, pendingMs },
          `a promise of "stage-A" has been pending for ${pendingMs} ms, for offset 41 of partition 2 of topic "source"`,
        ]),
      )
    })

    it('takes that for a failed attempt when its time is over, and ignores what comes of it later', async () => {
      const { clock, run } = runnerWith({ stageTimeoutMs: 30_000 })
      const first = Promise.withResolvers<string>()
      let calls = 0
      const rows = new TestRows({ count: 2 }, (offset) => {
        if (offset === 1) return 'made'
        return ++calls === 1 ? first.promise : `made by call ${calls}`
      })

      await run(rows)
      first.resolve('made late')
      await clock.advance(1_000)

      assert.deepEqual(Object.fromEntries(rows.results), { 0: 'made by call 2', 1: 'made' })
    })

    it('gives the record up after as many attempts, with the bound as the cause', async () => {
      const { clock, run } = runnerWith({ stageTimeoutMs: 30_000, stageAttempts: 2 })
      const rows = new TestRows({ count: 1 }, never)

      await run(rows)

      assert.match(String(rows.results.get(0)), /did not settle within 30000 ms/)
      assert.equal(clock.monotonicMs(), 60_100)
      assert.equal(clock.pendingTimers, 0)
    })

    it('lets its operator be stopped', async () => {
      const { clock, start, stop } = runnerWith()
      const running = start(new TestRows({ count: 1 }, never))
      await clock.advance(50)

      stop.abort(new Error('stopped'))

      await assert.rejects(running, { message: 'stopped' })
      assert.equal(clock.pendingTimers, 0)
    })
  })
})
