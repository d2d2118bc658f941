import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import { audit } from '../../src/streams/index.ts'
import { valuesOf } from '../integration/customers.ts'
import { grow } from '../integration/grow.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from '../integration/target.ts'
import { smallEpochs } from './campaign.ts'
import { type CrashPlan, drawNth, drawPoint, unharmed } from './crash-plan.ts'
import { Program } from './program.ts'
import { until } from '../until.ts'

/** At the last one a process takes over that stands by since before the source has grown. */
const kills = 4
/** Within which a process dies. */
const epochsMax = 4
const customersPerStep = 10
const sides = ['A', 'B', 'C']
/** Another one for each broker. */
let seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())

/** The source is given a partition in each life of a program, all of which end with kill -9. */
export function growingCampaign(target: Target): void {
  describe('a source that is given partitions while the processes that read it are killed', () => {
    it('is merged as one, each record once, and leaves an account that the audit proves', async (t) => {
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const random = seededRandom(seed++)
      const stream = await target.stream({ sourcePartitions: 1 })
      const source = new GrowingSource(target, stream)
      await using lives = new AsyncDisposableStack()
      const { bootstrapServers } = target
      // One that is to be killed does not end by itself.
      const start = (plan: CrashPlan) =>
        lives.use(new Program({ bootstrapServers, ...stream, runsOn: plan !== unharmed }, flags, plan))
      const draw = (waitsForStandby: boolean): CrashPlan => {
        // Not while it starts: in each life partitions are found by a program that runs.
        const point = drawPoint(random, true)
        const nth = drawNth(random, point, epochsMax)
        return { point, nth, epochsMax, hasSmallEpochs: false, waitsForStandby }
      }

      for (let kill = 0; kill < kills; kill++) {
        const isTakeover = kill === kills - 1
        await source.produce()
        const program = start(draw(isTakeover))
        await program.isActive()
        const standby = isTakeover ? start(unharmed) : undefined
        await standby?.standsBy()
        await source.grow()
        program.tellOfStandby()
        let hasEnded = false
        void program.ended.then(() => (hasEnded = true))
        await until('the process has died', () => hasEnded || source.produce().then(() => hasEnded))
        assert.equal((await program.ended).signal, 'SIGKILL', program.said)
        if (standby !== undefined) assert.equal((await standby.ended).code, 0, standby.said)
      }
      const last = await start(unharmed).ended

      assert.equal(last.report!.isBalanced, true)
      assert.equal(last.report!.pendingRows, 0)
      assert.deepEqual(valuesOf(await stream.merged()), source.merges())
      const { verdict, accounting } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
      assert.equal(verdict, 'proved')
      assert.equal(accounting.length, 1 + kills)
      assert.equal(
        accounting.reduce((sum, { emitted }) => sum + emitted, 0),
        source.merges().length * sides.length,
      )
      assert.ok(accounting.every(({ consumed, emitted }) => consumed === emitted && consumed > 0))
    })
  })
}

const settings = ['--heartbeat-interval-ms', '100', '--standby-refresh-ms', '50', '--source-refresh-ms', '20']
const flags = [...smallEpochs(65_536), ...settings]

/** The experiment's records, each side of a customer in another partition where there are as many. */
class GrowingSource {
  readonly #target: Target
  readonly #stream: Stream
  #partitions = 1
  #customers = 0

  constructor(target: Target, stream: Stream) {
    this.#target = target
    this.#stream = stream
  }

  async grow(): Promise<void> {
    await grow(this.#target, this.#stream.source, ++this.#partitions)
  }

  /** Writes all records of some more customers. */
  async produce(): Promise<void> {
    const first = this.#customers
    this.#customers += customersPerStep
    await this.#stream.produce(
      Array.from({ length: customersPerStep * sides.length }, (_, i): SourceRecord => {
        const id = first + Math.floor(i / sides.length)
        const stage = sides[i % sides.length]!
        const value = `{"stage":"${stage}","customerId":${id},"part":"${stage}${id}"}`
        return { value, partition: (id + i) % this.#partitions }
      }),
    )
  }

  merges(): string[] {
    return Array.from(
      { length: this.#customers },
      (_, id) => `{"customerId":${id},"A":"A${id}","B":"B${id}","C":"C${id}"}`,
    ).sort()
  }
}

if (import.meta.main) onEachBroker([growingCampaign])
