import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KafkaError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { BrokerWaits, type WaitReport } from './broker-waits.ts'

const refused = new KafkaError('KAFKA_CONNECTION_FAILED', 'nothing listens there')

describe('BrokerWaits', () => {
  it('says nothing of a wait that ends within a second', async () => {
    const { clock, waits, told } = start()

    const wait = waits.begin('reading')
    await clock.advance(900)
    wait.end()
    await clock.advance(300_000)

    assert.deepEqual(told, [])
  })

  it('tells after a second, once a minute, and at the end, once for all waits', async () => {
    const { clock, waits, told } = start()
    const reading = waits.begin('reading')
    await clock.advance(500)
    const writing = waits.begin('writing')
    writing.failed(refused)

    await clock.advance(500)
    assert.deepEqual(told, [{ waitingFor: 'reading, writing', sinceMs: 0, error: refused }])
    reading.end()
    await clock.advance(60_000)
    assert.deepEqual(told.slice(1), [{ waitingFor: 'writing', sinceMs: 0, error: refused }])
    writing.end()
    writing.end()
    await clock.advance(600_000)

    assert.deepEqual(told.slice(2), [61_000])
    assert.equal(clock.pendingTimers, 0)
  })

  it('takes waits that follow one another for one', async () => {
    const { clock, waits, told } = start()

    for (let i = 0; i < 10; i++) {
      const wait = waits.begin('reading')
      await clock.advance(2_000)
      wait.end()
      assert.equal(waits.isWaiting, false)
      await clock.advance(200)
    }
    await clock.advance(4_000)

    assert.equal(told.length, 2)
    assert.deepEqual(told[0], { waitingFor: 'reading', sinceMs: 0, error: undefined })
    const waitedMs = Number(told[1])
    assert.ok(waitedMs >= 18_000 && waitedMs <= 22_000, `${waitedMs}`)
  })

  it('is over though short waits go on, and tells the next long one', async () => {
    const { clock, waits, told } = start()
    const first = waits.begin('reading')
    await clock.advance(2_000)
    first.end()
    for (let i = 0; i < 30; i++) {
      const short = waits.begin('committing')
      await clock.advance(90)
      short.end()
      await clock.advance(10)
    }
    assert.equal(told.length, 2)

    waits.begin('writing')
    await clock.advance(1_000)

    assert.deepEqual(told.at(-1), { waitingFor: 'writing', sinceMs: 5_000, error: undefined })
  })

  it('lets it be awaited that something is waited for', async () => {
    const { clock, waits } = start()
    let count = 0
    void waits.whenWaiting().then(() => count++)
    const wait = waits.begin('reading')

    await clock.advance(900)
    assert.equal(count, 0)
    await clock.advance(200)
    void waits.whenWaiting().then(() => count++)
    await clock.advance(0)

    assert.equal(count, 2)
    assert.equal(waits.isWaiting, true)
    wait.end()
    assert.equal(waits.isWaiting, false)
  })
})

function start() {
  const clock = new VirtualClock()
  const told: (WaitReport | number)[] = []
  const waits = new BrokerWaits({
    clock,
    onWaiting: (report) => told.push({ ...report, sinceMs: report.sinceMs - startMs }),
    onOver: (waitedMs) => told.push(waitedMs),
  })
  const startMs = clock.nowMs()
  return { clock, waits, told }
}
