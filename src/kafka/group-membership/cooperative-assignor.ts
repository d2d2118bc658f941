import type { Task } from './membership-state.ts'

/** What a member says of itself as it joins. */
export interface Claimant {
  readonly memberId: string
  /** What it works on. */
  readonly held: readonly Task[]
  /** The generation in which it was told so; -1 for one that has nothing. */
  readonly generation: number
}

export interface Assignment {
  /** What the member is to have. */
  readonly assigned: readonly Task[]
  /** What it is to give up in good order: nobody else is told of these before it has joined without them. */
  readonly released: readonly Task[]
}

/**
 * Shares tasks out as the leader of a group does for all, so that no member has two more than another and as few as
 * possible move (KIP-429). A task that moves is given to nobody in this generation: its owner gives it up and joins
 * again. Of two that claim a task the one that was told of it last has it. The other one has missed that: what it holds
 * is neither assigned to it nor released, so it is lost.
 */
export function shareOut(claimants: readonly Claimant[], taskCount: number): Map<string, Assignment> {
  const owners = ownersOf(claimants, taskCount)
  const owned = new Map(claimants.map(({ memberId }): [string, Task[]] => [memberId, []]))
  for (const [task, owner] of owners.entries()) if (owner !== undefined) owned.get(owner)!.push(task)
  // Who has most keeps most, so that the fewest move.
  const ordered = [...owned].sort(([a, has], [b, hasToo]) => hasToo.length - has.length || (a < b ? -1 : 1))
  const least = Math.floor(taskCount / ordered.length)
  const withOneMore = taskCount % ordered.length
  const free = owners.flatMap((owner, task) => (owner === undefined ? task : []))
  return new Map(
    ordered.map(([memberId, has], index) => {
      const share = least + (index < withOneMore ? 1 : 0)
      const kept = has.slice(0, share)
      return [memberId, { assigned: [...kept, ...free.splice(0, share - kept.length)], released: has.slice(share) }]
    }),
  )
}

function ownersOf(claimants: readonly Claimant[], taskCount: number): (string | undefined)[] {
  const latest: (Claimant | undefined)[] = Array.from({ length: taskCount })
  for (const claimant of claimants)
    for (const task of claimant.held) {
      if (task < taskCount && claimant.generation > (latest[task]?.generation ?? -1)) latest[task] = claimant
    }
  return latest.map((claimant) => claimant?.memberId)
}
