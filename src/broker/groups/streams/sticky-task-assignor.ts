import { numberOf, ownerIdOf, unitOf } from '../epochs/unit.ts'
import type { TaskId } from './task.ts'

/** A member, and what it had. */
export interface TaskSharer {
  readonly id: string
  /** Members of one process never have one task twice. */
  readonly processId: string
  readonly active: ReadonlySet<TaskId>
  readonly standby: ReadonlySet<TaskId>
}

export interface TaskSharing {
  readonly members: readonly TaskSharer[]
  readonly subtopologies: readonly { readonly id: string; readonly taskCount: number; readonly isStateful: boolean }[]
  /** How many members keep the state of a task beside the one that processes it. */
  readonly standbyCount: number
}

export interface TaskShare {
  readonly active: Set<TaskId>
  readonly standby: Set<TaskId>
}

/**
 * Shares out tasks, with no regard to what they are, so that processes have as many for each of their members: a task
 * stays where it is active, else goes where it is a standby, as far as the member's share allows; the others go to the
 * least loaded. Standbys follow in the same way, in processes that do not have the task.
 *
 * @see Kafka's StickyTaskAssignor of the broker
 */
export function assignStickily({ members, subtopologies, standbyCount }: TaskSharing): Map<string, TaskShare> {
  const loads = new Loads(members)
  const tasks = subtopologies.flatMap(({ id, taskCount }) => numbered(id, taskCount))
  const stateful = subtopologies.flatMap(({ id, taskCount, isStateful }) => (isStateful ? numbered(id, taskCount) : []))
  const activeQuota = new Quota(tasks.length, members.length)
  const totalQuota = new Quota(tasks.length + stateful.length * standbyCount, members.length)
  const give = (member: TaskSharer, task: TaskId) => {
    const count = loads.add(member, task, 'active')
    activeQuota.note(count)
    totalQuota.note(count)
  }

  const hasRoom = (member: TaskSharer) => loads.countOf(member) < activeQuota.perMember
  const hadActive = (task: TaskId) => members.find(({ active }) => active.has(task))
  const hadStandby = (task: TaskId) => loads.leastOf(members.filter(({ standby }) => standby.has(task)))
  let left = tasks.toSorted(byNumber)
  for (const formerOwner of [hadActive, hadStandby]) {
    left = left.filter((task) => {
      const member = formerOwner(task)
      if (member === undefined || !hasRoom(member)) return true
      give(member, task)
      return false
    })
  }
  for (const task of left.toSorted(bySubtopology)) give(loads.leastOf(members)!, task)

  for (const task of stateful.toSorted(byNumber).toReversed()) {
    for (let i = 0; i < standbyCount; i++) {
      const others = members.filter((member) => !loads.hasProcess(member, task))
      const isOpen = (member: TaskSharer) => loads.countOf(member) < totalQuota.perMember
      const former = [hadActive(task), hadStandby(task)].find(
        (member) => member !== undefined && others.includes(member) && isOpen(member),
      )
      const member = former ?? loads.leastOf(others)
      // With fewer processes than copies, a task has fewer standbys.
      if (member === undefined) break
      totalQuota.note(loads.add(member, task, 'standby'))
    }
  }
  return loads.shares
}

/** What members have by now. */
class Loads {
  readonly shares: Map<string, TaskShare>
  readonly #processes: Map<string, TaskSharer[]>

  constructor(members: readonly TaskSharer[]) {
    this.shares = new Map(members.map(({ id }) => [id, { active: new Set(), standby: new Set() }]))
    this.#processes = Map.groupBy(members, ({ processId }) => processId)
  }

  countOf({ id }: TaskSharer): number {
    const { active, standby } = this.shares.get(id)!
    return active.size + standby.size
  }

  add(member: TaskSharer, task: TaskId, role: keyof TaskShare): number {
    this.shares.get(member.id)![role].add(task)
    return this.countOf(member)
  }

  /** Whether any member of a member's process has a task. */
  hasProcess({ processId }: TaskSharer, task: TaskId): boolean {
    return this.#processes.get(processId)!.some(({ id }) => {
      const { active, standby } = this.shares.get(id)!
      return active.has(task) || standby.has(task)
    })
  }

  /** The least loaded member of the least loaded process among members. */
  leastOf(members: readonly TaskSharer[]): TaskSharer | undefined {
    const loadOf = ({ processId }: TaskSharer) => {
      const process = this.#processes.get(processId)!
      return process.reduce((sum, member) => sum + this.countOf(member), 0) / process.length
    }
    return members
      .map((member) => ({ member, load: loadOf(member), count: this.countOf(member) }))
      .toSorted((a, b) => a.load - b.load || a.count - b.count)[0]?.member
  }
}

/** How many tasks a member may have, where those that have as many leave the others the rest. */
class Quota {
  #taskCount: number
  #memberCount: number

  constructor(taskCount: number, memberCount: number) {
    this.#taskCount = taskCount
    this.#memberCount = memberCount
  }

  get perMember(): number {
    return this.#memberCount === 0 ? 0 : Math.ceil(this.#taskCount / this.#memberCount)
  }

  /** Notes that a member has so many tasks. */
  note(count: number): void {
    if (count !== this.perMember) return
    this.#memberCount -= 1
    this.#taskCount -= count
  }
}

function numbered(subtopologyId: string, count: number): TaskId[] {
  return Array.from({ length: count }, (_, number) => unitOf(subtopologyId, number))
}

function byNumber(a: TaskId, b: TaskId): number {
  return numberOf(a) - numberOf(b) || compare(ownerIdOf(a), ownerIdOf(b))
}

function bySubtopology(a: TaskId, b: TaskId): number {
  return compare(ownerIdOf(a), ownerIdOf(b)) || numberOf(a) - numberOf(b)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
