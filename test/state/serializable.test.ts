import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import * as state from '../../src/state/index.ts'
import { type AnomalyKind, checkHistory } from '../../src/testing/index.ts'
import { Workload } from './workload.ts'

const transactionsMax = Number(process.env['MILLRACE_TRANSACTIONS'] ?? 100_000)
const perHistory = 2_500

const allowed: Record<state.Isolation, readonly AnomalyKind[]> = {
  serializable: [],
  snapshot: ['G2'],
  // A lost update takes elements out of a list, which contradicts what was read before.
  readCommitted: ['G-single', 'G2', 'internal', 'order', 'stale'],
}

describe('L4 histories of transactions', () => {
  for (const [isolation, share] of [
    ['serializable', 0.8],
    ['snapshot', 0.1],
    ['readCommitted', 0.1],
  ] as const) {
    it(`have no anomaly but those that ${isolation} allows`, async (t) => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
      const seen = new Set<AnomalyKind>()
      let [checked, committed] = [0, 0]
      for (let history = 0; history * perHistory < transactionsMax * share; history++) {
        const workload = new Workload(state, seededRandom(seed + history), isolation, perHistory)
        await workload.run()
        const observed = workload.recorder.history
        const anomalies = checkHistory(observed)

        const [wrong] = anomalies.filter(({ kind }) => !allowed[isolation].includes(kind))
        assert.equal(wrong, undefined, `MILLRACE_SEED=${seed + history}: ${JSON.stringify(wrong)}`)
        assert.equal(workload.keptVersions, 0)
        for (const { kind } of anomalies) seen.add(kind)
        checked += observed.length
        committed += observed.filter(({ outcome }) => outcome === 'committed').length
      }

      t.diagnostic(`${isolation}: ${checked} transactions checked, ${committed} of them committed`)
      // Those that are allowed occur, so they would be found where they are not.
      assert.deepEqual([...seen].sort(), allowed[isolation].toSorted())
      assert.ok(committed > transactionsMax * share * 0.3, `only ${committed} have committed`)
    })
  }
})
