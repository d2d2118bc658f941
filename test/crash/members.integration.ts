/**
 * Members of a program that are killed, leave and are stopped, while others join. The long mode is
 * `MILLRACE_KILLS=100 MILLRACE_LEAVES=25 MILLRACE_FREEZES=20 node --test test/crash/members.integration.ts`, with
 * `MILLRACE_KAFKA` for a broker whose sessions are over after 6 seconds. `MILLRACE_UNFENCED=1` is the control: without
 * what keeps a member from committing what is of others' tasks it fails.
 */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { nextInt, type Random, seededRandom } from '../../src/core/random.ts'
import { audit } from '../../src/streams/index.ts'
import { valuesOf } from '../integration/customers.ts'
import { keyedMerges, keyedPartitions, keyedRecords } from '../integration/keyed-topology.ts'
import { SharingMembers } from '../integration/sharing-members.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from '../integration/target.ts'
import { until } from '../until.ts'
import { seed } from './in-turns.ts'

/** How often each of it happens. */
const wanted = {
  kill: Number(process.env['MILLRACE_KILLS'] ?? 3),
  leave: Number(process.env['MILLRACE_LEAVES'] ?? 1),
  freeze: Number(process.env['MILLRACE_FREEZES'] ?? 0),
}
type Disturbance = keyof typeof wanted
const isUnfenced = process.env['MILLRACE_UNFENCED'] === '1'

const membersMax = 4
/** The last commit at which a member dies at the latest. */
const commitsMax = 30
/** A member leaves, or is stopped, so long after the last disturbance at the latest. */
const calmMsMax = 1_500
/** Longer than a session. */
const frozenMs = 8_000
const customersPerSend = 20
const sides = ['A', 'B', 'C'] as const

/** A program of one to four members, which die within a commit, leave, or are stopped, while records come. */
export function membersCampaign(layout: 'keyed' | 'routed'): (target: Target) => void {
  return (target) => {
    describe(`members in the layout "${layout}" that are disturbed again and again`, () => {
      it('merge each record exactly once, and the audit proves it', async (t) => {
        t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
        const { bootstrapServers } = target
        const stream = await target.stream({ sourcePartitions: keyedPartitions })
        const disturbed = new DisturbedMembers(new SharingMembers(target), stream, layout)
        let customers = 0
        const produceSome = async () => {
          const records = keyedRecords(sides, customers, customers + customersPerSend)
          await stream.produce(layout === 'keyed' ? records : records.map(({ value }, at) => anywhere(value, at)))
          customers += customersPerSend
        }
        const produceOn = async () => {
          while (!disturbed.isOver) await produceSome()
        }

        await Promise.all([disturbed.run(), produceOn()]).finally(() => disturbed.stop())
        await produceSome()
        const last = disturbed.start()
        await until('all is merged', async () => (await stream.merged()).length >= customers)
        last.kill('SIGTERM')
        const [code] = (await once(last, 'exit')) as [number | null]

        assert.equal(code, 0)
        t.diagnostic(`${JSON.stringify(disturbed.happened)}, ${customers} customers`)
        assert.deepEqual(disturbed.ownEnds, [], 'no member ends by itself')
        assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(customers))
        const { verdict, accounting, next } = await audit({ app: stream.app, bootstrapServers })
        // Of a long run parts that are needed no longer have been deleted, beside which an audit finds nothing wrong.
        const routed = layout === 'routed' ? await target.admin.fetchTopicOffsets(`${stream.app}.routed`) : []
        const proof = routed.every(({ low }) => low === '0') ? 'proved' : 'unproved'
        assert.deepEqual([verdict, next?.verdict], [proof, layout === 'routed' ? proof : undefined])
        const consumed = accounting.reduce((sum, account) => sum + account.consumed, 0)
        assert.equal(consumed, sides.length * customers)
      })
    })
  }
}

class DisturbedMembers {
  readonly #members: SharingMembers
  readonly #stream: Stream
  readonly #layout: 'keyed' | 'routed'
  readonly #random: Random = seededRandom(seed)
  readonly #running = new Set<ChildProcess>()
  /** Told to leave: before it has begun it ends by the signal itself. */
  readonly #leaving = new Set<ChildProcess>()
  readonly happened = { kill: 0, leave: 0, freeze: 0 }
  #isStopped = false
  /** How members have ended that were neither killed nor told to leave. */
  readonly ownEnds: (string | number | null)[] = []

  constructor(members: SharingMembers, stream: Stream, layout: 'keyed' | 'routed') {
    this.#members = members
    this.#stream = stream
    this.#layout = layout
  }

  get isOver(): boolean {
    return this.#isStopped || this.#left.length === 0
  }

  /** Disturbs none any more. */
  stop(): void {
    this.#isStopped = true
  }

  /** Until all that is wanted has happened; then none is running. */
  async run(): Promise<void> {
    while (!this.isOver) {
      for (let missing = 1 + this.#draw(membersMax) - this.#running.size; missing > 0; missing--) this.#startMortal()
      const left = this.#left
      const next = left[this.#draw(left.length)]!
      if (next === 'kill') await Promise.race([...this.#running].map((member) => once(member, 'exit')))
      else await this.#disturb(next)
    }
    await Promise.all([...this.#running].map((member) => this.#end(member, 'SIGKILL')))
  }

  /** One that lives. */
  start(): ChildProcess {
    return this.#members.start(this.#stream, this.#layout, { isUnfenced })
  }

  get #left(): Disturbance[] {
    return (Object.keys(wanted) as Disturbance[]).filter((each) => this.happened[each] < wanted[each])
  }

  #startMortal(): void {
    const death = { diesAtCommit: 1 + this.#draw(commitsMax), isCommitSent: this.#draw(2) === 0 }
    const member = this.#left.includes('kill')
      ? this.#members.start(this.#stream, this.#layout, { death })
      : this.start()
    this.#running.add(member)
    member.once('exit', (code, signal) => {
      this.#running.delete(member)
      const isKilled = signal === 'SIGKILL'
      if (isKilled) this.happened.kill++
      else if (!this.#leaving.has(member)) this.ownEnds.push(signal ?? code)
    })
  }

  async #disturb(what: 'leave' | 'freeze'): Promise<void> {
    await sleep(systemClock, this.#draw(calmMsMax))
    const member = [...this.#running][this.#draw(this.#running.size)]
    if (member === undefined) return
    this.happened[what]++
    if (what === 'leave') {
      this.#leaving.add(member)
      return this.#end(member, 'SIGTERM')
    }
    member.kill('SIGSTOP')
    await sleep(systemClock, frozenMs)
    member.kill('SIGCONT')
  }

  async #end(member: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const exit = once(member, 'exit')
    member.kill(signal)
    await exit
  }

  /** One of so many numbers from 0 on; 0 where there is none. */
  #draw(count: number): number {
    return count === 0 ? 0 : nextInt(this.#random, count)
  }
}

function anywhere(value: SourceRecord['value'], at: number): SourceRecord {
  return { value, partition: at % keyedPartitions }
}

if (import.meta.main) onEachBroker([membersCampaign('keyed'), membersCampaign('routed')])
