import { numberOf, ownerIdOf, type Unit, unitOf } from '../epochs/unit.ts'

/** What a member does with a task: process it, keep its state as well, or catch up with its state. */
export const taskRoles = ['active', 'standby', 'warmup'] as const
export type TaskRole = (typeof taskRoles)[number]

/** A task without regard to what its member does with it, by subtopology and partition. */
export type TaskId = Unit

/** A task in a role, as one unit of what a group shares out. */
export function inRole(role: TaskRole, task: TaskId): Unit {
  return unitOf(`${role} ${ownerIdOf(task)}`, numberOf(task))
}

/** The tasks among units that are in a role. */
export function tasksIn(role: TaskRole, units: Iterable<Unit>): TaskId[] {
  const prefix = `${role} `
  return [...units].filter((unit) => unit.startsWith(prefix)).map((unit) => unit.slice(prefix.length) as TaskId)
}

/** What a unit is without its role. */
export function taskOf(unit: Unit): { role: TaskRole; task: TaskId } {
  const end = unit.indexOf(' ')
  return { role: unit.slice(0, end) as TaskRole, task: unit.slice(end + 1) as TaskId }
}
