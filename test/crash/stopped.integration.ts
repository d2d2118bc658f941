import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { assertProved } from '../integration/run.ts'
import { onEachBroker, type Target } from '../membership/target.ts'
import { smallEpochs } from './campaign.ts'
import { type Step, unharmed } from './crash-plan.ts'
import { ExperimentTopics } from './experiment-topics.ts'
import { turnsOf } from './in-turns.ts'
import { checkRemains } from './oracle.ts'
import { Program } from './program.ts'

const customers = 3_000
/** Long enough for a process that is not stopped, however busy the machine. */
const sessionMsMin = 3_000
const steps = ['Produce of the checkpoint', 'TxnOffsetCommit', 'EndTxn'] as const satisfies Step[]
/** Each step has its turn with one of the two brokers. */
const nextTurn = turnsOf(2)

/** What a process does that was taken for dead. */
export function stoppedProcesses(target: Target): void {
  const isTurnOf = nextTurn()
  describe('a process that is stopped beyond its session, just before it sends', () => {
    for (const step of steps.filter((_step, index) => isTurnOf(index))) {
      it(`${step}, stands by when it goes on, has written nothing, and takes over again`, async () => {
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
        await using standby = new Program({ ...experiment, runsOn: true }, flags, unharmed)
        await standby.standsBy()

        active.tellOfStandby()
        await active.hasMetItsPlan()
        await target.passSession()
        await standby.isActive()
        active.signal('SIGCONT')
        await active.standsBy()
        standby.signal('SIGTERM')
        const [first, second] = [await standby.ended, await active.ended]

        assert.equal(first.code, 0, standby.said)
        assert.equal(first.report!.isBalanced, true)
        assert.match(active.said, /joining the group again/)
        assert.equal(second.crash?.step, step)
        assert.equal(second.code, 0, active.said)
        assert.equal(second.report!.isBalanced, true)
        await checkRemains(experiment)
        await topics.verify(experiment)
        await assertProved(target, experiment)
      })
    }
  })
}

if (import.meta.main) onEachBroker([stoppedProcesses])
