/**
 * The tasks of a program, as one of its members sees them. A task is a share of the source partitions that goes from
 * member to member as a whole, with a checkpoint of its own in one partition of the checkpoint topic. A member has one
 * table, and one transaction an epoch, over all of its tasks.
 */
export interface Tasks {
  /** How many there are: as many partitions as the checkpoint topic has. */
  readonly count: number
  /** Those of this member, in ascending order. */
  readonly own: readonly number[]
  /** To which one a source partition belongs, by its number. */
  readonly taskOf: (number: number) => number
  /** Whose epochs they are: the transactional id of this member. Absent where there is one task only. */
  readonly writer?: string
}

/** One task over all partitions, which the active process has: the layout `single`. */
export const oneTask: Tasks = { count: 1, own: [0], taskOf: () => 0 }

/** Whether a source partition is one of this member's, by its number. */
export function isOwn({ own, taskOf }: Pick<Tasks, 'own' | 'taskOf'>, number: number): boolean {
  return own.includes(taskOf(number))
}

/** Values by number, with another one for the partitions that this member does not have. */
export function ofOwn<Value>(tasks: Pick<Tasks, 'own' | 'taskOf'>, byNumber: readonly Value[], others: Value): Value[] {
  return byNumber.map((value, number) => (isOwn(tasks, number) ? value : others))
}
