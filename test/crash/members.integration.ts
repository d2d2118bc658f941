import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { nextInt, seededRandom } from '../../src/core/random.ts'
import { audit } from '../../src/streams/index.ts'
import { valuesOf } from '../integration/customers.ts'
import { keyedMerges, keyedPartitions, keyedRecords } from '../integration/keyed-topology.ts'
import { SharingMembers } from '../integration/sharing-members.ts'
import { onEachBroker, type SourceRecord, type Target } from '../integration/target.ts'
import { until } from '../until.ts'
import { seed } from './in-turns.ts'

const kills = Number(process.env['MILLRACE_KILLS'] ?? 3)
const membersMax = 3
/** The last commit at which a member dies at the latest. */
const commitsMax = 30
const customersPerSend = 20
const sides = ['A', 'B', 'C'] as const

/** A program of one to three members, each of which dies within a commit, while records come. */
export function membersCampaign(layout: 'keyed' | 'routed'): (target: Target) => void {
  return (target) => {
    const members = new SharingMembers(target)
    describe(`members in the layout "${layout}" that are killed again and again`, () => {
      it('merge each record exactly once, and the audit proves it', async (t) => {
        t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
        const random = seededRandom(seed)
        const { bootstrapServers } = target
        const stream = await target.stream({ sourcePartitions: keyedPartitions })
        const running = new Set<ChildProcess>()
        let killed = 0
        const ends: (string | number | null)[] = []
        const startMortal = () => {
          const diesAtCommit = 1 + nextInt(random, commitsMax)
          const member = members.start(stream, layout, { diesAtCommit, isCommitSent: nextInt(random, 2) === 0 })
          running.add(member)
          member.once('exit', (code, signal) => {
            running.delete(member)
            ends.push(signal ?? code)
            killed++
          })
        }
        let customers = 0
        const produceSome = async () => {
          const records = keyedRecords(sides, customers, customers + customersPerSend)
          await stream.produce(layout === 'keyed' ? records : records.map(({ value }, at) => anywhere(value, at)))
          customers += customersPerSend
        }
        const produceOn = async () => {
          while (killed < kills) await produceSome()
        }

        const producing = produceOn()
        while (killed < kills) {
          for (let missing = 1 + nextInt(random, membersMax) - running.size; missing > 0; missing--) startMortal()
          await Promise.race([...running].map((member) => once(member, 'exit')))
        }
        await producing
        await Promise.all(
          [...running].map((member) => {
            member.kill('SIGKILL')
            return once(member, 'exit')
          }),
        )
        await produceSome()
        const last = members.start(stream, layout)
        await until('all is merged', async () => (await stream.merged()).length >= customers)
        last.kill('SIGTERM')
        const [code] = (await once(last, 'exit')) as [number | null]

        assert.equal(code, 0)
        assert.deepEqual(new Set(ends), new Set(['SIGKILL']), 'no member ends by itself')
        assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(customers))
        const { verdict, accounting, next } = await audit({ app: stream.app, bootstrapServers })
        assert.deepEqual([verdict, next?.verdict], ['proved', layout === 'routed' ? 'proved' : undefined])
        const consumed = accounting.reduce((sum, account) => sum + account.consumed, 0)
        assert.equal(consumed, sides.length * customers)
      })
    })
  }
}

function anywhere(value: SourceRecord['value'], at: number): SourceRecord {
  return { value, partition: at % keyedPartitions }
}

if (import.meta.main) onEachBroker([membersCampaign('keyed'), membersCampaign('routed')])
