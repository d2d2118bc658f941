import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { mergeOf, order, orders } from '../fixtures/orders.ts'
import { Engine, type EngineOptions } from '../in-memory/engine.ts'

const unreadable = (count: number) => Array.from({ length: count }, () => '<xml/>')
const unroutable = (count: number) => Array.from({ length: count }, (_, key) => order('Z', key))

async function start(options: EngineOptions) {
  const time = new VirtualClock()
  return { time, engine: await Engine.start(orders, time, options) }
}

const warnings = ({ lines }: Engine) =>
  lines.flatMap(([level, sentence]) => (level === 'warn' && sentence.includes('all became') ? [sentence] : []))

describe('a source whose records are all dead letters', () => {
  for (const [what, records] of [
    ['decoded', unreadable],
    ['routed', unroutable],
  ] as const) {
    it(`is warned of once, where they cannot be ${what}, and they stay dead letters`, async () => {
      const { time, engine } = await start({})
      await using _engine = engine
      engine.kafka.give(0, records(2_000))

      await time.until(engine.drain())

      assert.equal(engine.accounts[0]!.deadLettered, 2_000)
      assert.equal(warnings(engine).length, 1)
      assert.match(warnings(engine)[0]!, /^the last [\d,]+ records of topic "source" all became dead letters: /)
      const [streak, ...others] = engine.services.meters.streaks.all
      assert.deepEqual([streak!.topic, streak!.records, streak!.isOver, others], ['source', 2_000, false, []])
    })
  }

  it('is not warned of while others are used, and told when they are again', async () => {
    const { time, engine } = await start({ maxConsecutivePoison: 3 })
    await using _engine = engine
    const mixed = [...unreadable(2), order('A', 1), ...unreadable(2)]
    engine.kafka.give(0, [...mixed, order('A', 1), ...unreadable(2)])
    await time.until(engine.drain())
    assert.deepEqual(warnings(engine), [])

    engine.kafka.give(0, unreadable(1))
    await time.until(engine.drain())
    assert.equal(warnings(engine).length, 1)
    engine.kafka.give(0, [order('B', 1)])
    await time.until(engine.drain())

    assert.ok(
      engine.lines.some(([level, text]) => level === 'info' && text === 'records of topic "source" are used again'),
    )
    assert.equal(engine.services.meters.streaks.all[0]!.isOver, true)
  })

  it('stops the program where it is to, before anything of the streak is committed', async () => {
    const { time, engine } = await start({ onPoison: 'stop', maxConsecutivePoison: 5, epochIdleMs: 20 })
    engine.kafka.give(0, [order('A', 1), order('B', 1)])
    await time.advance(100)
    engine.kafka.give(0, unreadable(4))
    await time.advance(100)
    engine.kafka.give(0, unreadable(1))
    await time.advance(50)

    const [crash] = engine.crashes
    assert.ok(MillraceError.is(crash) && crash.code === 'SOURCE_UNUSABLE', String(crash))
    assert.match(
      crash.message,
      /the last 5 records of topic "source" would all be dead letters \(NOT_JSON\), last offset 6 /,
    )
    assert.deepEqual(
      engine.kafka.written.map(({ value }) => value),
      [mergeOf(1)],
    )
    await time.until(engine[Symbol.asyncDispose]())
  })

  it('does not stop it for fewer: they are dead letters once nothing more comes', async () => {
    const { time, engine } = await start({ onPoison: 'stop', maxConsecutivePoison: 5, epochIdleMs: 20 })
    await using _engine = engine
    engine.kafka.give(0, unreadable(4))
    await time.advance(500)
    assert.equal(engine.accounts[0]!.deadLettered, 0, 'they wait for the next ones')

    await time.advance(2_000)

    assert.equal(engine.accounts[0]!.deadLettered, 4)
    assert.deepEqual(engine.crashes, [])
  })
})
