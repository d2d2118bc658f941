import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { until } from '../../../test/until.ts'
import { defineActor, startSystem, supervisor } from '../index.ts'

/** Messages of a burst; `MILLRACE_BURST=1000000` for those of the claim. */
const burst = Number(process.env['MILLRACE_BURST'] ?? 100_000)

describe('The memory of mailboxes', () => {
  it('B19 comes back after bursts, without an upward trend', async (t) => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const start = defineActor<{ type: 'add'; amount: number }, { total: number }>({
      name: 'sink',
      mailboxMax: burst,
      init: () => ({ total: 0 }),
      handleInPlace: { add: (state, { amount }) => void (state.total += amount) },
    })
    const root = supervisor({ name: 'root', children: [{ start }] })
    await using system = await startSystem({ name: 'bursts', root })
    const ref = system.ref(start)
    const heapMiB = () => process.memoryUsage().heapUsed / 2 ** 20
    let sentCount = 0
    let peakMiB = 0
    // What is compiled for the first time takes memory for good.
    const baseMiB = await send(1_000)
    const usedMiB: number[] = []
    for (let round = 0; round < 10; round++) usedMiB.push(await send(burst))

    const used = usedMiB.map((each) => each.toFixed(1)).join(' ')
    t.diagnostic(`${baseMiB.toFixed(1)} MiB before, ${used} after bursts of ${burst}, ${peakMiB.toFixed(0)} within`)
    assert.ok(usedMiB[9]! - baseMiB < 0.75, 'what a burst took is given back')

    /** @returns the MiB in use once all are handled. */
    async function send(count: number): Promise<number> {
      for (let amount = 0; amount < count; amount++) void ref.tell({ type: 'add', amount })
      sentCount += count
      peakMiB = Math.max(peakMiB, heapMiB())
      await until('all messages are handled', () => handledCount() === sentCount)
      collect()
      return heapMiB()
    }

    function handledCount(): number {
      const [child] = system.whichChildren()
      return child?.kind === 'actor' ? child.handledCount : 0
    }
  })
})
