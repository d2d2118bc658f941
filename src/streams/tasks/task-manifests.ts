import type { Manifest } from '../checkpoint/manifest.ts'
import { sumOf } from '../checkpoint/digest.ts'
import { classes, noTotals } from '../epochs/epoch-counts.ts'
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

/** What the manifest of a task says, of one over all partitions. */
export function manifestOfTask(whole: Manifest, tasks: Tasks, number: number): Manifest {
  const { count, taskOf, writer } = tasks
  if (writer === undefined) return whole
  const numbers = [...whole.nextOffsets.keys()].filter((partition) => taskOf(partition) === number)
  const pick = <Value>(values: readonly Value[]) => numbers.map((partition) => values[partition]!)
  const entries = Object.fromEntries(byNumber.map((name) => [name, pick<unknown>(whole[name])]))
  const totals = Object.fromEntries(Object.entries(whole.totals).map(([name, counts]) => [name, pick(counts)]))
  const { brought } = whole
  return {
    ...whole,
    ...entries,
    ...(brought && { brought: pick(brought) }),
    totals: totals as unknown as Manifest['totals'],
    task: { number, count, writer, numbers, ...unevenCounts(whole, count) },
  }
}

/** How many partitions each source has, where some have fewer than there are tasks. */
function unevenCounts({ sourceIds, partitions }: Manifest, taskCount: number) {
  const partitionCounts = sourceIds.map((_, source) => partitions.filter((each) => each.source === source).length)
  return partitionCounts.some((count) => count !== taskCount) ? { partitionCounts } : {}
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
  const hasBrought = manifests.some(({ brought }) => brought !== undefined)
  return {
    ...others,
    ...Object.fromEntries(byNumber.map((name) => [name, joined<unknown>((manifest) => manifest[name])])),
    ...(hasBrought && { brought: ofNumber.map(({ from, at }) => from.brought?.[at] ?? 0) }),
    ...(manifests.some(({ isDigestOpen }) => isDigestOpen) && { isDigestOpen: true }),
    totals: Object.fromEntries(
      classes.map((name) => [name, joined(({ totals }) => totals[name])]),
    ) as unknown as Manifest['totals'],
    outputs: [...new Set([others, ...manifests].flatMap(({ outputs }) => outputs))],
    outputIds: Object.assign({}, others.outputIds, ...manifests.map(({ outputIds }) => outputIds)),
    epoch: Math.max(others.epoch, ...manifests.map(({ epoch }) => epoch)),
    closedMs: Math.max(others.closedMs, ...manifests.map(({ closedMs }) => closedMs)),
    pending: manifests.reduce((sum, { pending }) => sum + pending, 0),
    digest: sumOf(manifests.map(({ digest }) => digest)),
  }
}

/** The same of all tasks that have an epoch, of those of a program; nothing is consumed of the others. */
export function manifestOfAll(manifests: readonly Manifest[]): Manifest {
  const [{ task: one, brought: _, ...others }] = manifests as [Manifest]
  const { count, partitionCounts = others.sourceIds.map(() => count) } = one!
  const partitions = partitionCounts.flatMap((length, source) =>
    Array.from({ length }, (_, partition) => ({ source, partition })),
  )
  const none = partitions.map(() => 0)
  return joinedManifest(manifests, {
    ...others,
    ...Object.fromEntries(byNumber.map((name) => [name, none])),
    partitions,
    totals: noTotals(partitions.length),
  })
}
