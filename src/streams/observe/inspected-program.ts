import type { ListedMember, TopicRange } from '../../kafka/index.ts'
import { activeFirst, type AppProcess, sharingProcess } from '../admin/processes.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { PartitionAccount } from '../epochs/accounting.ts'
import { type Class, classes } from '../epochs/epoch-counts.ts'
import type { PartitionPlace, SourcePartition } from '../topics/source-partitions.ts'

/** What tasks have come to since the program first started, whoever had them. */
export interface TaskFigures {
  /** Source records consumed. */
  readonly records: number
  /** Records that are in merged records, or were routed to the partition of their merge key. */
  readonly emitted: number
  readonly deadLettered: number
  readonly pending: number
  /** Records that are not consumed and committed. */
  readonly lag: number
}

/** A process of the program, with the sums of the tasks that it has now. */
export interface InspectedMember extends AppProcess, TaskFigures {
  /** Whether it is the one that was asked. */
  readonly isThis: boolean
}

/** A task: partitions of this number, of all sources, and its redriven letters. */
export interface InspectedTask extends TaskFigures {
  readonly task: number
  /** Whose it is; absent while it is nobody's. */
  readonly memberId?: string
  /** The last epoch that has committed, and when it was closed; absent before the first. */
  readonly epoch?: number
  readonly closedMs?: number
}

/** A partition of a source, as of the last committed epoch of its task. */
export interface TaskPartition extends PartitionAccount, TaskFigures {
  readonly nextOffset: number
  readonly endOffset: number
}

/** What all members of a program have done, as of the last committed epoch of each task. JSON can hold it. */
export interface InspectedProgram {
  readonly total: TaskFigures
  /** Whether every consumed offset has exactly one class, in every partition. */
  readonly isBalanced: boolean
  /** Those that have tasks first. */
  readonly members: readonly InspectedMember[]
  readonly tasks: readonly InspectedTask[]
  readonly partitions: readonly TaskPartition[]
}

/** What is known of a program whose members share its work. */
export interface ProgramFacts {
  readonly members: readonly ListedMember[]
  /** Of the tasks that have committed an epoch. */
  readonly manifests: readonly Manifest[]
  /** The sources, and after them the topic of redriven letters where there is one, and what of them may be read. */
  readonly sources: readonly ({ readonly topic: string } & TopicRange)[]
  /** Of which task a partition of them is. */
  readonly taskOf: (place: PartitionPlace) => number
  readonly taskCount: number
  /** By what the other members know the process that is asked. */
  readonly self: string
}

export function inspectedProgram(facts: ProgramFacts): InspectedProgram {
  const { members, manifests, sources, taskOf, taskCount, self } = facts
  const manifestOf = new Map(manifests.map((manifest) => [manifest.task!.number, manifest]))
  const partitions = sources.flatMap(({ topic, starts, ends }, source) =>
    starts.map((start, partition): TaskPartition => {
      const place = { topic, partition }
      const manifest = manifestOf.get(taskOf(place))
      const isHere = (each: SourcePartition) => each.source === source && each.partition === partition
      const lanes = [...(manifest?.partitions.keys() ?? [])].filter((at) => isHere(manifest!.partitions[at]!))
      const account = lanes.length === 0 ? nothing(start) : accountOf(manifest!, lanes)
      // What was consumed was there, whatever brokers said before.
      const endOffset = Math.max(account.nextOffset, ends[partition]!)
      return { ...place, ...account, endOffset, lag: endOffset - account.nextOffset }
    }),
  )
  const tasks = Array.from({ length: taskCount }, (_, task): InspectedTask => {
    const owner = members.find(({ owned }) => owned.includes(task))
    const { epoch, closedMs } = manifestOf.get(task) ?? {}
    return {
      task,
      ...(owner && { memberId: owner.memberId }),
      ...(epoch !== undefined && closedMs !== undefined && { epoch, closedMs }),
      ...sumOf(partitions.filter((place) => taskOf(place) === task)),
    }
  })
  return {
    total: sumOf(tasks),
    isBalanced:
      partitions.every(({ pending }) => pending >= 0) &&
      tasks.every(({ task, pending }) => pending === (manifestOf.get(task)?.pending ?? 0)),
    members: members
      .map((member) => ({
        ...sharingProcess(member),
        isThis: member.name === self,
        ...sumOf(tasks.filter(({ task }) => member.owned.includes(task))),
      }))
      .toSorted(activeFirst),
    tasks,
    partitions,
  }
}

type Consumed = Omit<TaskPartition, 'topic' | 'partition' | 'endOffset' | 'lag'>

/**
 * All lanes of a partition together. The manifest of a task says how many parts are pending, and not of which partition:
 * those that have no class.
 */
function accountOf({ startOffsets, nextOffsets, totals }: Manifest, lanes: readonly number[]): Consumed {
  const sum = (values: readonly number[]) => lanes.reduce((total, at) => total + values[at]!, 0)
  const counts = Object.fromEntries(classes.map((name) => [name, sum(totals[name])])) as Record<Class, number>
  const consumed = sum(nextOffsets) - sum(startOffsets)
  const pending = classes.reduce((left, name) => left - counts[name], consumed)
  const nextOffset = Math.min(...lanes.map((at) => nextOffsets[at]!))
  return { consumed, records: consumed - counts.skipped, pending, ...counts, nextOffset }
}

function nothing(nextOffset: number): Consumed {
  const counts = Object.fromEntries(classes.map((name) => [name, 0])) as Record<Class, number>
  return { consumed: 0, records: 0, pending: 0, ...counts, nextOffset }
}

const figures = ['records', 'emitted', 'deadLettered', 'pending', 'lag'] as const satisfies (keyof TaskFigures)[]

function sumOf(all: readonly TaskFigures[]): TaskFigures {
  const sums = figures.map((name) => [name, all.reduce((sum, each) => sum + each[name], 0)])
  return Object.fromEntries(sums) as Record<(typeof figures)[number], number>
}
