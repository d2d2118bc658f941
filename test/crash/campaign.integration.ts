import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { systemRandom } from '../../src/core/random.ts'
import { onEachBroker, type Target } from '../integration/target.ts'
import { histogramOf, inCommitCount, runCampaign } from './campaign.ts'
import { ExperimentTopics, partitions, recordsPerCustomer } from './experiment-topics.ts'
import { checkRemains } from './oracle.ts'
import { runUndisturbed } from './program.ts'

const customers = 30_000
const kills = 12
const takeovers = 3
/** Another one for each broker. */
let seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())

/** The full size is in `bench/crash-campaign.ts`. */
export function crashCampaign(target: Target): void {
  describe('an experiment whose processes are killed again and again', () => {
    it('leaves on the broker what one undisturbed process leaves', async (t) => {
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const name = `crash-${randomUUID()}`
      await using topics = await ExperimentTopics.generate(target.bootstrapServers, name, customers)
      const undisturbed = await topics.experiment(`${name}-undisturbed`)
      const disturbed = await topics.experiment(`${name}-disturbed`)
      await runUndisturbed(undisturbed)
      // With a table on the one broker, without on the other.
      const standbyRefreshMs = 50 * (seed % 2)

      const { crashes, report } = await runCampaign({
        experiment: disturbed,
        records: customers * recordsPerCustomer,
        partitions,
        kills,
        takeovers,
        seed: seed++,
        fetchBytes: 65_536,
        flags: ['--heartbeat-interval-ms', '100', '--standby-refresh-ms', `${standbyRefreshMs}`],
      })

      const found = await checkRemains(disturbed)
      await topics.verify(disturbed)
      const { records, digest } = await checkRemains(undisturbed)
      assert.deepEqual({ records: found.records, digest: found.digest }, { records, digest })
      assert.equal(report.isBalanced, true)
      assert.equal(crashes.length, kills + takeovers)
      t.diagnostic(`${inCommitCount(crashes)} of ${crashes.length} killed in a commit, ${found.epochs} epochs`)
      for (const [point, count] of histogramOf(crashes)) t.diagnostic(`${count} x ${point}`)
    })
  })
}

if (import.meta.main) onEachBroker([crashCampaign])
