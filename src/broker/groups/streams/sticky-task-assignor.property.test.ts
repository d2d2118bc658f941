import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../../test/property.ts'
import { assignStickily, type TaskShare, type TaskSharer } from './sticky-task-assignor.ts'

const runs = 2_000

/** Memberships one after the other: members by their ids, each with its process. */
const memberships = fc.array(
  fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('p', 'q', 'r'), { minKeys: 1, maxKeys: 5 }),
  { minLength: 1, maxLength: 6 },
)
const subtopologies = fc
  .record({ '0': fc.nat(8), '1': fc.nat(8) })
  .map((counts) => Object.entries(counts).map(([id, taskCount]) => ({ id, taskCount, isStateful: id === '1' })))

describe('the sticky assignor of tasks', () => {
  it('gives each task to one member, none twice to a process, and shares of one size to members alone in theirs', () => {
    check(
      fc.property(memberships, subtopologies, fc.nat(2), (courses, shape, standbyCount) => {
        let shares = new Map<string, TaskShare>()
        for (const membership of courses) {
          const members = Object.entries(membership).map(([id, processId]): TaskSharer => {
            const had = shares.get(id)
            return { id, processId, active: had?.active ?? new Set(), standby: had?.standby ?? new Set() }
          })
          shares = assignStickily({ members, subtopologies: shape, standbyCount })
          const active = members.flatMap(({ id }) => [...shares.get(id)!.active])
          const taskCount = shape.reduce((sum, each) => sum + each.taskCount, 0)
          assert.deepEqual([active.length, new Set(active).size], [taskCount, taskCount])

          const processes = Map.groupBy(members, ({ processId }) => processId)
          for (const inProcess of processes.values()) {
            const tasks = inProcess.flatMap(({ id }) => [...shares.get(id)!.active, ...shares.get(id)!.standby])
            assert.equal(new Set(tasks).size, tasks.length)
          }
          const copies = Math.min(standbyCount, processes.size - 1)
          const standby = members.flatMap(({ id }) => [...shares.get(id)!.standby])
          assert.equal(standby.length, copies * shape[1]!.taskCount)
          if (processes.size < members.length || standbyCount > 0) continue
          const sizes = members.map(({ id }) => shares.get(id)!.active.size)
          assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join())
        }
      }),
      runs,
    )
  })

  it('leaves everything where it is while nobody comes or goes', () => {
    check(
      fc.property(memberships, subtopologies, fc.nat(2), ([membership], shape, standbyCount) => {
        const membersAfter = (shares: ReadonlyMap<string, TaskShare> | undefined): TaskSharer[] =>
          Object.entries(membership!).map(([id, processId]) => {
            const had = shares?.get(id)
            return { id, processId, active: had?.active ?? new Set(), standby: had?.standby ?? new Set() }
          })
        const assign = (shares?: ReadonlyMap<string, TaskShare>) =>
          assignStickily({ members: membersAfter(shares), subtopologies: shape, standbyCount })
        const first = assign()

        const again = assign(first)

        for (const [id, { active }] of first) assert.deepEqual(again.get(id)!.active, active)
      }),
      runs,
    )
  })
})
