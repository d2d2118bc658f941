import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { audit, type AuditReport, type Layout, redrive, type RedriveReport } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { valuesOf } from './customers.ts'
import { faults, faultyTopology, keyedMerges, keyedPartitions, keyedRecords } from './keyed-topology.ts'
import { SharingMembers } from './sharing-members.ts'
import { onEachBroker, type SourceRecord, type Suite } from './target.ts'

const count = 400
const sides = ['A', 'B', 'C']
const ids = [...Array(count).keys()]
const ofParts = ids.filter(faults.part).length
/** A merge that fails makes letters of all its parts. */
const ofMerges = sides.length * ids.filter((id) => faults.merge(id) && !faults.part(id)).length

const redrivenIn = ({ accounting }: AuditReport) => accounting.reduce((sum, { redriven }) => sum + redriven, 0)

/** @param recordsOf - Where the layout has them. */
function redriving(layout: Layout, sourcePartitions: number, recordsOf: typeof keyedRecords): Suite {
  return (target) => {
    const members = new SharingMembers(target)

    describe(`redriven dead letters in the layout "${layout}"`, () => {
      it('go through the tasks that they are of, once, where a member dies over them', async () => {
        const { bootstrapServers } = target
        const stream = await target.stream({ sourcePartitions })
        const { app } = stream
        await stream.produce(recordsOf(sides, 0, count))
        await stream.run(faultyTopology(stream, layout, false), { stageAttempts: 1, maxConsecutivePoison: 10_000 })
        const tasksTopics = [`${app}.tasks`, ...(layout === 'routed' ? [`${app}.by-id.tasks`] : [])]
        const areAtWork = async (number: number) => {
          const counts = await Promise.all(tasksTopics.map((topic) => members.atWork(topic)))
          return counts.every((each) => each === number)
        }
        const living = members.start(stream, layout, { program: 'mended' })
        await until('one has all tasks', () => areAtWork(1))
        const death = { diesAtCommit: 1, isCommitSent: layout === 'routed' }
        const dying = members.start(stream, layout, { program: 'mended', death })
        const dies = once(dying, 'exit')
        await until('both are at work', () => areAtWork(2))

        const first = await redrive({ app, bootstrapServers })
        await dies
        const again = await redrive({ app, bootstrapServers })
        await until('all is merged', async () => (await stream.merged()).length >= count)
        living.kill('SIGTERM')
        await once(living, 'exit')

        const halves = (report: RedriveReport) => [report, ...(report.next ? [report.next] : [])]
        const letters = layout === 'routed' ? [ofParts, ofMerges] : [ofParts + ofMerges]
        const figuresOf = ({ redriven, isRunning, reasons }: RedriveReport) => {
          return [redriven, isRunning, reasons.reduce((sum, { alreadyRedriven }) => sum + alreadyRedriven, 0)]
        }
        assert.deepEqual(
          halves(first).map(figuresOf),
          letters.map((each) => [each, true, 0]),
        )
        assert.deepEqual(
          halves(again).map(figuresOf),
          letters.map((each) => [0, true, each]),
        )
        assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(count))
        const { next, ...report } = await audit({ app, bootstrapServers })
        const audits = [report, ...(next ? [next] : [])]
        assert.deepEqual(
          audits.map((each) => [each.verdict, redrivenIn(each)]),
          letters.map((each) => ['proved', each]),
        )
      })
    })
  }
}

/** Records of these sides and customers, wherever in the source. */
function unkeyedRecords(of: readonly string[], from: number, to: number): SourceRecord[] {
  return keyedRecords(of, from, to).map(({ value }, at) => ({ value, partition: at % 3 }))
}

/** In each layout. */
export const redrivenTasks = [
  redriving('keyed', keyedPartitions, keyedRecords),
  redriving('routed', 3, unkeyedRecords),
] as const

if (import.meta.main) onEachBroker(redrivenTasks)
