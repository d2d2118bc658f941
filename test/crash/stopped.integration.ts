import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Target } from '../membership/target.ts'
import { smallEpochs } from './campaign.ts'
import { type Step, unharmed } from './crash-plan.ts'
import { ExperimentTopics } from './experiment-topics.ts'
import { checkRemains } from './oracle.ts'
import { Program } from './program.ts'

const customers = 3_000
/** Long enough for a process that is not stopped, however busy the machine. */
const sessionMsMin = 3_000

/** What a process does that was taken for dead. */
export function stoppedProcesses(target: Target): void {
  describe('a process that is stopped beyond its session, just before it sends', () => {
    for (const step of ['Produce of the checkpoint', 'TxnOffsetCommit', 'EndTxn'] as const satisfies Step[]) {
      it(`${step}, ends with a named error when it goes on, and has written nothing`, async (t) => {
        const name = `crash-${randomUUID()}`
        await using topics = await ExperimentTopics.generate(target.bootstrapServers, name, customers)
        const experiment = await topics.experiment(name)
        const flags = [...smallEpochs(65_536), '--heartbeat-interval-ms', '100']
        const session = ['--session-timeout-ms', String(Math.max(sessionMsMin, target.sessionMsMin))]
        await using active = new Program(experiment, [...flags, ...session], {
          point: { step, moment: 'before it is sent' },
          nth: 2,
          signal: 'SIGSTOP',
          epochsMax: 1_000,
          hasSmallEpochs: true,
          waitsForStandby: true,
        })
        await active.isActive()
        await using standby = new Program(experiment, flags, unharmed)
        await standby.standsBy()

        active.tellOfStandby()
        await active.hasMetItsPlan()
        await target.passSession()
        const { code, report } = await standby.ended
        active.signal('SIGCONT')
        const zombie = await active.ended

        assert.equal(code, 0, standby.said)
        assert.equal(report!.isBalanced, true)
        assert.deepEqual(zombie.crash && { step: zombie.crash.step, code: zombie.code }, { step, code: 1 })
        const errors = active.said.match(/^error [A-Z_]+/gm)!
        t.diagnostic(errors.join(', '))
        assert.ok(errors.some((error) => error === 'error OWNERSHIP_LOST' || error === 'error TRANSACTION_FENCED'))
        await checkRemains(experiment)
        await topics.verify(experiment)
      })
    }
  })
}
