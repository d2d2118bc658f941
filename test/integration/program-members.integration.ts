import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type App, audit, explain, type Inspection, processes } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { keyedPartitions, keyedRecords, keyedTopology } from './keyed-topology.ts'
import { startQuietly } from './run.ts'
import { SharingMembers } from './sharing-members.ts'
import { onEachBroker, type Target } from './target.ts'

const figures = ['records', 'emitted', 'deadLettered', 'pending', 'lag'] as const

/** What a member tells of all: of each subtopology, once brokers have said it. */
async function programsOf(app: App): Promise<{ app: string; program: NonNullable<Inspection['program']> }[]> {
  const programs = []
  for (let each: Inspection | undefined = await app.inspect({ wholeProgram: true }); each; each = each.next) {
    if (each.program === undefined) return []
    programs.push({ app: each.app, program: each.program })
  }
  return programs
}

export function programMembers(target: Target): void {
  const sharing = new SharingMembers(target)

  describe('each member of a program whose members share its work', () => {
    for (const layout of ['keyed', 'routed'] as const) {
      it(`tells who has which tasks, and what all have done, in the layout "${layout}"`, async () => {
        const { bootstrapServers } = target
        const stream = await target.stream({ sourcePartitions: keyedPartitions })
        const topology = keyedTopology(stream, layout)
        await stream.produce([{ value: 'no JSON' }, ...keyedRecords(['A', 'B'], 0, 150)])
        const app = await startQuietly(topology, bootstrapServers, { heartbeatIntervalMs: 200 })
        const other = sharing.start(stream, layout)

        await until('two members share all tasks', async () => {
          const programs = await programsOf(app)
          return (
            programs.length > 0 &&
            programs.every(
              ({ program: { members, tasks } }) =>
                members.filter(({ role }) => role === 'active').length === 2 &&
                tasks.every(({ memberId }) => memberId !== undefined),
            )
          )
        })
        await stream.produce([...keyedRecords(['A', 'B'], 150, 300), ...keyedRecords(['C'], 0, 200)])
        // Pending are the parts of the 100 customers without a C.
        const last = { records: 800, emitted: 600, deadLettered: 0, pending: 200, lag: 0 }
        const expected =
          layout === 'keyed'
            ? [{ ...last, records: 801, deadLettered: 1 }]
            : [{ records: 801, emitted: 800, deadLettered: 1, pending: 0, lag: 0 }, last]
        const programs = await until('all is consumed, by what each member tells', async () => {
          const told = await programsOf(app)
          const isDone = JSON.stringify(told.map(({ program }) => program.total)) === JSON.stringify(expected)
          return isDone && told
        })

        for (const { app: name, program } of programs) {
          const { members, tasks, partitions, total, isBalanced } = program
          assert.equal(isBalanced, true)
          assert.deepEqual(
            members.flatMap((member) => member.tasks!).sort((a, b) => a - b),
            tasks.map(({ task }) => task),
          )
          assert.deepEqual(
            members.map(({ pid, isThis }) => [pid, isThis]).sort((a, b) => Number(b[1]) - Number(a[1])),
            [
              [process.pid, true],
              [other.pid, false],
            ],
          )
          for (const list of [members, tasks, partitions]) {
            const sums = figures.map((figure) => [figure, list.reduce((sum, each) => sum + each[figure], 0)])
            assert.deepEqual(Object.fromEntries(sums), total)
          }
          const listed = await processes({ app: name, bootstrapServers })
          const without = members.map(({ memberId, host, pid, role, tasks: own, standbyTasks }) => {
            return { memberId, host, pid, role, tasks: own, standbyTasks }
          })
          assert.deepEqual(listed, without)
        }
        const own = programs[0]!.program.members.find(({ isThis }) => isThis)!
        const { accounting, next } = app.report()
        assert.deepEqual(
          accounting.map(({ partition }) => partition),
          own.tasks,
        )
        assert.equal(
          (next?.accounting ?? accounting).reduce((sum, { emitted }) => sum + emitted, 0),
          programs.at(-1)!.program.members.find(({ isThis }) => isThis)!.emitted,
        )

        const report = await audit({ app: stream.app, bootstrapServers })
        assert.deepEqual([report.verdict, report.next?.verdict ?? 'proved'], ['proved', 'proved'])
        const merging = programs.at(-1)!.app
        const asked = { bootstrapServers, topology }
        assert.equal((await explain({ ...asked, app: merging, key: '7' })).published.length, 1)
        assert.deepEqual((await explain({ ...asked, app: merging, key: '250' })).pending?.missing, ['C'])

        other.kill('SIGKILL')
        const left = await until("the tasks of the one that died are this one's", async () => {
          const told = await programsOf(app)
          return (
            told.every(({ program: { tasks, members } }) => {
              const [member] = members
              return members.length === 1 && tasks.every(({ memberId }) => memberId === member!.memberId)
            }) && told
          )
        })
        assert.deepEqual(
          left.map(({ program }) => program.total),
          expected,
        )
      })
    }
  })
}

if (import.meta.main) onEachBroker([programMembers])
