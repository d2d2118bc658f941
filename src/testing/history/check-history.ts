import type { Anomaly, AnomalyKind } from './anomaly.ts'
import { type Dependency, DependencyGraph, type Step } from './dependency-graph.ts'
import type { ObservedTransaction } from './history.ts'
import { type ListUse, usesOf } from './lists.ts'

/**
 * Finds what contradicts serializability in a history of transactions that read lists and append to them, and lists
 * that are not linearizable. Reads tell the order of appends, so that nothing has to be taken on trust from what is
 * tested.
 *
 * Read all lists once more at the end: of several elements that nobody has read it is only known that they come last,
 * or, where somebody began to read after they were there, that they are lost.
 *
 * @returns Nothing where there is nothing to find; else at least one anomaly, of each circle one. Which ones are
 * allowed depends on the isolation: `snapshot` allows `G2`, `readCommitted` allows `G-single` and `stale` as well.
 * @throws StateError `HISTORY_INVALID` where transactions are not numbered by their places, an element is appended to a
 * list twice, or what was read is no list.
 */
export function checkHistory(history: readonly ObservedTransaction[]): Anomaly[] {
  const anomalies: Anomaly[] = []
  const graph = new DependencyGraph(history.length)
  for (const use of usesOf(history, anomalies)) {
    findBadReads(use, anomalies)
    findStaleReads(use, anomalies)
    addDependencies(use, graph)
  }
  findCircles(graph, anomalies)
  return anomalies
}

function findBadReads({ key, reads, writers }: ListUse, anomalies: Anomaly[]): void {
  for (const { transaction, elements } of reads) {
    for (const [index, element] of elements.entries()) {
      const writer = writers.get(element)
      if (writer === undefined || writer.transaction.outcome === 'aborted') {
        const by = writer === undefined ? 'nobody' : `T${writer.transaction.id}, which was aborted`
        const transactions = [...(writer === undefined ? [] : [writer.transaction.id]), transaction.id]
        anomalies.push({
          kind: 'G1a',
          transactions,
          text: `T${transaction.id} reads ${element} in ${key}, written by ${by}`,
        })
      } else if (index === elements.length - 1 && !writer.isLast) {
        const text = `T${transaction.id} reads ${element} in ${key}, after which T${writer.transaction.id} wrote more`
        anomalies.push({ kind: 'G1b', transactions: [writer.transaction.id, transaction.id], text })
      }
    }
  }
}

/** Who begins after another one has ended sees at least as much of a list. */
function findStaleReads({ key, order, reads, writers }: ListUse, anomalies: Anomaly[]): void {
  const places = new Map(order.map((element, index) => [element, index]))
  const known = reads.map(({ transaction, elements }) => ({ transaction, length: elements.length }))
  for (const [element, { transaction }] of writers) {
    // An append that no read shows is missed by those who have begun after it.
    if (transaction.outcome === 'committed')
      known.push({ transaction, length: (places.get(element) ?? order.length) + 1 })
  }
  const byEnd = known.toSorted((a, b) => a.transaction.endedAt - b.transaction.endedAt)
  let next = 0
  let most: (typeof known)[number] | undefined
  for (const read of reads.toSorted((a, b) => a.transaction.startedAt - b.transaction.startedAt)) {
    for (; next < byEnd.length && byEnd[next]!.transaction.endedAt < read.transaction.startedAt; next++) {
      if (most === undefined || byEnd[next]!.length > most.length) most = byEnd[next]
    }
    if (most === undefined || read.elements.length >= most.length) continue
    const [before, after] = [most.transaction.id, read.transaction.id]
    const text = `T${after} reads ${read.elements.length} elements of ${key}, and T${before}, which had ended before, knew of ${most.length}`
    anomalies.push({ kind: 'stale', transactions: [before, after], text })
  }
}

/**
 * Who has appended what nobody has read: it comes after all that was read. Where a read has begun after that, it is lost
 * instead, `findStaleReads` says so, and nobody knows in which order it was written over.
 */
function lastWritersOf({ order, reads, writers }: ListUse): number[] {
  const known = new Set(order)
  const lastReadAt = Math.max(...reads.map(({ transaction }) => transaction.startedAt))
  const unread = [...writers].filter(([element]) => !known.has(element)).map(([, { transaction }]) => transaction)
  return unread.filter(({ outcome, endedAt }) => outcome === 'committed' && endedAt >= lastReadAt).map(({ id }) => id)
}

function addDependencies(use: ListUse, graph: DependencyGraph): void {
  const { key, order, reads, writers } = use
  const lastWriters = lastWritersOf(use)
  const writerOf = (index: number) => writers.get(order[index]!)?.transaction.id
  for (let index = 1; index < order.length; index++) {
    const [before, after] = [writerOf(index - 1), writerOf(index)]
    if (before !== undefined && after !== undefined) graph.add(before, { to: after, kind: 'ww', key })
  }
  const last = writerOf(order.length - 1)
  if (last !== undefined) for (const after of lastWriters) graph.add(last, { to: after, kind: 'ww', key })
  for (const { transaction, elements } of reads) {
    const reader = transaction.id
    const before = elements.length === 0 ? undefined : writers.get(elements.at(-1)!)?.transaction.id
    if (before !== undefined) graph.add(before, { to: reader, kind: 'wr', key })
    if (elements.length >= order.length) {
      for (const after of lastWriters) graph.add(reader, { to: after, kind: 'rw', key })
      continue
    }
    const after = writerOf(elements.length)
    if (after !== undefined) graph.add(reader, { to: after, kind: 'rw', key })
  }
}

const written: ReadonlySet<Dependency> = new Set(['ww'])
const seen: ReadonlySet<Dependency> = new Set(['ww', 'wr'])
const all: ReadonlySet<Dependency> = new Set(['ww', 'wr', 'rw'])

/** One circle of each set that has any, of the worst kind that there is. */
function findCircles(graph: DependencyGraph, anomalies: Anomaly[]): void {
  for (const members of graph.circles(all)) {
    const inside = new Set(members)
    const circle =
      circleOf(graph, inside, written, written) ??
      circleOf(graph, inside, seen, seen) ??
      circleOf(graph, inside, new Set(['rw']), seen) ??
      circleOf(graph, inside, new Set(['rw']), all)
    if (circle !== undefined) anomalies.push(anomalyOf(circle))
  }
}

/** A circle of one edge of `first` and others of `rest`. */
function circleOf(
  graph: DependencyGraph,
  members: ReadonlySet<number>,
  first: ReadonlySet<Dependency>,
  rest: ReadonlySet<Dependency>,
): Step[] | undefined {
  for (const from of members) {
    for (const edge of graph.edgesWithin(from, members)) {
      const back = first.has(edge.kind) ? graph.way(edge.to, from, members, rest) : undefined
      if (back !== undefined) return [{ from, edge }, ...back]
    }
  }
  return undefined
}

function anomalyOf(circle: readonly Step[]): Anomaly {
  const verbs = { ww: 'is written over by', wr: 'is read by', rw: 'reads what is written over by' }
  const text = circle.map(({ from, edge }) => `T${from} ${verbs[edge.kind]} T${edge.to} (${edge.key})`).join(', ')
  return { kind: kindOf(circle), transactions: circle.map(({ from }) => from), text }
}

function kindOf(circle: readonly Step[]): AnomalyKind {
  const count = (kind: Dependency) => circle.filter(({ edge }) => edge.kind === kind).length
  if (count('rw') > 0) return count('rw') === 1 ? 'G-single' : 'G2'
  return count('wr') > 0 ? 'G1c' : 'G0'
}
