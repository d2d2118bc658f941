/** A process that shares the tasks of a group, and tells its parent what it works on. */
import { TaskMembership } from '../../src/kafka/index.ts'
import type { TaskMemberEvent, TaskMemberSettings } from './child-task-member.ts'

const settings = JSON.parse(process.argv[2]!) as TaskMemberSettings
const tell = (event: TaskMemberEvent) => process.send!(event)
const works = new Set<number>()
const tellTasks = () => tell({ kind: 'works', tasks: [...works] })

process.on('disconnect', () => process.exit())
const membership = await TaskMembership.join({
  ...settings,
  onDegraded: (sentence) => tell({ kind: 'degraded', sentence }),
  onLost: ({ code }) => tell({ kind: 'lost', code }),
})
tell({ kind: 'joined', memberId: membership.memberId, protocol: membership.protocol })
membership.begin({
  gained(tasks) {
    for (const task of tasks) works.add(task)
    tellTasks()
  },
  losing(tasks) {
    for (const task of tasks) works.delete(task)
    tellTasks()
    membership.gaveUp(tasks)
  },
  stopping() {
    works.clear()
    tell({ kind: 'stops' })
    tellTasks()
    membership.stopped()
  },
  standingBy: (tasks) => tell({ kind: 'standsBy', tasks }),
})

process.on('message', () => void membership.leave().then(() => process.exit()))
