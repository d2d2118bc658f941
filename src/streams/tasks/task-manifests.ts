import type { EventTimes, Manifest } from '../checkpoint/manifest.ts'
import type { CompletedCounts } from '../../kernel/index.ts'
import { sumOf } from '../checkpoint/digest.ts'
import { classes, noTotals } from '../epochs/epoch-counts.ts'
import type { SourcePartition } from '../topics/source-partitions.ts'
import type { Tasks } from './tasks.ts'

/** Entries of a manifest that are by number of the source partition. */
const byNumber = [
  'partitions',
  'startOffsets',
  'nextOffsets',
  'baseEpochs',
  'basePieces',
  'deltaPieces',
] as const satisfies readonly (keyof Manifest)[]

/** Of tasks that have no epoch yet. */
export const noTime: EventTimes = { nowMs: null, highestMs: [] }

/** What the manifest of a task says, of one over all partitions. */
export function manifestOfTask(whole: Manifest, tasks: Tasks, number: number): Manifest {
  const { count, taskOf, writer } = tasks
  if (writer === undefined) return whole
  const numbers = [...whole.nextOffsets.keys()].filter((partition) => taskOf(partition) === number)
  const pick = <Value>(values: readonly Value[]) => numbers.map((partition) => values[partition]!)
  const entries = Object.fromEntries(byNumber.map((name) => [name, pick<unknown>(whole[name])]))
  const totals = Object.fromEntries(Object.entries(whole.totals).map(([name, counts]) => [name, pick(counts)]))
  const { brought, eventTimes } = whole
  return {
    ...whole,
    ...entries,
    ...(brought && { brought: pick(brought) }),
    ...(eventTimes && { eventTimes: timesOfTask(eventTimes, pick) }),
    totals: totals as unknown as Manifest['totals'],
    task: { number, count, writer, numbers, ...unevenCounts(whole, count) },
  }
}

function timesOfTask(
  { nowMs, highestMs, routed }: EventTimes,
  pick: <Value>(values: readonly Value[]) => Value[],
): EventTimes {
  return { nowMs, highestMs: pick(highestMs), ...(routed && { routed: pick(routed) }) }
}

/** How many partitions each source has, where some have fewer than there are tasks. */
function unevenCounts({ sourceIds, partitions }: Manifest, taskCount: number) {
  const partitionCounts = sourceIds.map(
    (_, source) => partitions.filter((each) => each.source === source && !each.index).length,
  )
  return partitionCounts.some((count) => count !== taskCount) ? { partitionCounts } : {}
}

/**
 * The partitions of all tasks, in the order of their numbers, of those that some tasks have. Those of a source have one
 * number of lanes; each of redriven letters as many as the partition that they are of.
 *
 * @param sourceCount - How many of the counts are of sources; the one after them is of redriven letters.
 */
function partitionsOfAll(
  known: readonly SourcePartition[],
  partitionCounts: readonly number[],
  sourceCount: number,
): SourcePartition[] {
  const laneCounts: number[] = []
  for (const { source, index = 0 } of known) laneCounts[source] = Math.max(laneCounts[source] ?? 1, index + 1)
  const sources = partitionCounts.slice(0, sourceCount).flatMap((count, source) => Array<number>(count).fill(source))
  return partitionCounts.flatMap((length, source) =>
    Array.from({ length }, (_, partition) => ({ source, partition })).flatMap((each) => {
      const laneCount = laneCounts[source < sourceCount ? source : sources[each.partition]!] ?? 1
      return laneCount === 1 ? [each] : Array.from({ length: laneCount }, (_, index) => ({ ...each, index }))
    }),
  )
}

/**
 * One manifest over the partitions of all tasks, of those that some tasks have: as of the last epoch of any of them.
 *
 * @param others - What it says of the partitions of other tasks, and of the program.
 */
export function joinedManifest(manifests: readonly Manifest[], others: Manifest): Manifest {
  const ofNumber = others.nextOffsets.map((_, number) => {
    const manifest = manifests.find(({ task }) => task!.numbers.includes(number))
    return manifest === undefined
      ? { from: others, at: number }
      : { from: manifest, at: manifest.task!.numbers.indexOf(number) }
  })
  const joined = <Value>(valuesOf: (manifest: Manifest) => readonly Value[]) =>
    ofNumber.map(({ from, at }) => valuesOf(from)[at]!)
  const eventTimes = joinedTimes([others, ...manifests], ofNumber)
  const hasBrought = manifests.some(({ brought }) => brought !== undefined)
  return {
    ...others,
    ...Object.fromEntries(byNumber.map((name) => [name, joined<unknown>((manifest) => manifest[name])])),
    ...(hasBrought && { brought: ofNumber.map(({ from, at }) => from.brought?.[at] ?? 0) }),
    ...(eventTimes && { eventTimes }),
    ...(manifests.some(({ isDigestOpen }) => isDigestOpen) && { isDigestOpen: true }),
    totals: Object.fromEntries(
      classes.map((name) => [name, joined(({ totals }) => totals[name])]),
    ) as unknown as Manifest['totals'],
    outputs: [...new Set([others, ...manifests].flatMap(({ outputs }) => outputs))],
    outputIds: Object.assign({}, others.outputIds, ...manifests.map(({ outputIds }) => outputIds)),
    epoch: Math.max(others.epoch, ...manifests.map(({ epoch }) => epoch)),
    closedMs: Math.max(others.closedMs, ...manifests.map(({ closedMs }) => closedMs)),
    pending: manifests.reduce((sum, { pending }) => sum + pending, 0),
    ...completedOfAll(manifests),
    digest: sumOf(manifests.map(({ digest }) => digest)),
  }
}

/** The sums of those of all tasks. */
function completedOfAll(manifests: readonly Manifest[]): Pick<Manifest, 'completed'> {
  const counts = manifests.flatMap(({ completed }) => completed ?? [])
  if (counts.length === 0) return {}
  const sumOfAll = (of: (each: CompletedCounts) => number) => counts.reduce((sum, each) => sum + of(each), 0)
  return { completed: { count: sumOfAll(({ count }) => count), forgotten: sumOfAll(({ forgotten }) => forgotten) } }
}

/**
 * The time that the records of all of them tell. For tasks of which the time was later than that it stands until it is so
 * again: nothing expires meanwhile, where the other way round rows would whose parts are still to be read.
 */
function joinedTimes(
  manifests: readonly Manifest[],
  ofNumber: readonly { readonly from: Manifest; readonly at: number }[],
): EventTimes | undefined {
  const times = manifests.flatMap(({ eventTimes }) => eventTimes ?? [])
  if (times.length === 0) return undefined
  return {
    nowMs: times.reduce<number | null>((least, { nowMs }) => earlier(least, nowMs), Infinity),
    highestMs: ofNumber.map(({ from, at }) => from.eventTimes?.highestMs[at] ?? null),
    ...(times.some(({ routed }) => routed !== undefined) && {
      routed: ofNumber.map(({ from, at }) => from.eventTimes?.routed?.[at] ?? null),
    }),
  }
}

function earlier(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.min(one, other)
}

/** The same of all tasks that have an epoch, of those of a program; nothing is consumed of the others. */
export function manifestOfAll(manifests: readonly Manifest[]): Manifest {
  // Some tasks may have read redriven letters before others have.
  const whole = manifests.reduce((one, other) => (other.sourceIds.length > one.sourceIds.length ? other : one))
  const { task: one, brought: _, eventTimes, ...others } = whole
  const { count, partitionCounts = others.sourceIds.map(() => count) } = one!
  const known = manifests.flatMap((manifest) => manifest.partitions)
  const partitions = partitionsOfAll(known, partitionCounts, others.topology.sources.length)
  const none = partitions.map(() => 0)
  return joinedManifest(manifests, {
    ...others,
    ...Object.fromEntries(byNumber.map((name) => [name, none])),
    partitions,
    totals: noTotals(partitions.length),
    ...(eventTimes && manifests.length < count && { eventTimes: noTime }),
  })
}
