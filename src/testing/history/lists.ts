import { StateError } from '../../core/errors.ts'
import { kindOf } from '../../core/kind-of.ts'
import type { Anomaly } from './anomaly.ts'
import type { ObservedTransaction } from './history.ts'

/** What transactions have to do with one list. */
export interface ListUse {
  readonly key: string
  /** Elements in their order, as the longest read has them. */
  order: readonly number[]
  /** Who has appended an element, and whether it has appended others later. */
  readonly writers: Map<number, { readonly transaction: ObservedTransaction; isLast: boolean }>
  /** Lists as they were before what their readers appended themselves. */
  readonly reads: { readonly transaction: ObservedTransaction; readonly elements: readonly number[] }[]
}

/**
 * Sorts a history by lists, and finds what is wrong within transactions, and with the order of elements.
 *
 * @throws StateError `HISTORY_INVALID`
 */
export function usesOf(history: readonly ObservedTransaction[], anomalies: Anomaly[]): ListUse[] {
  const uses = new Map<string, ListUse>()
  const useOf = (key: string): ListUse => {
    let use = uses.get(key)
    if (use === undefined) uses.set(key, (use = { key, order: [], writers: new Map(), reads: [] }))
    return use
  }
  for (const [place, transaction] of history.entries()) {
    const { id } = transaction
    if (id !== place) throw invalid(`T${id} is at place ${place}: number the transactions of several recorders anew`)
    noteOperations(transaction, useOf, anomalies)
  }
  for (const use of uses.values()) findOrder(use, anomalies)
  return [...uses.values()]
}

function noteOperations(transaction: ObservedTransaction, useOf: (key: string) => ListUse, anomalies: Anomaly[]): void {
  const own = new Map<string, number[]>()
  const known = new Map<string, readonly number[]>()
  for (const operation of transaction.operations) {
    const { key } = operation
    const use = useOf(key)
    const appended = own.get(key) ?? []
    if (operation.kind === 'append') {
      if (use.writers.has(operation.element))
        throw invalid(
          `${operation.element} is appended to ${key} by T${transaction.id}, and was before: append each once`,
        )
      if (known.get(key)?.includes(operation.element) === true) {
        const text = `T${transaction.id} reads ${operation.element} in ${key} before it appends it`
        anomalies.push({ kind: 'internal', transactions: [transaction.id], text })
      }
      for (const element of appended) use.writers.get(element)!.isLast = false
      own.set(key, [...appended, operation.element])
      use.writers.set(operation.element, { transaction, isLast: true })
      continue
    }
    if (!Array.isArray(operation.elements))
      throw invalid(`T${transaction.id} reads ${key} as ${kindOf(operation.elements)}, where a list belongs`)
    const before = operation.elements.slice(0, operation.elements.length - appended.length)
    const expected = [...(known.get(key) ?? before), ...appended]
    if (!isSame(operation.elements, expected)) {
      const text = `T${transaction.id} reads ${key} as ${textOf(operation.elements)} where it must be ${textOf(expected)}`
      if (transaction.outcome === 'committed')
        anomalies.push({ kind: 'internal', transactions: [transaction.id], text })
    } else if (!known.has(key) && transaction.outcome === 'committed') use.reads.push({ transaction, elements: before })
    known.set(key, before)
  }
}

function findOrder(use: ListUse, anomalies: Anomaly[]): void {
  let longest: ListUse['reads'][number] | undefined
  for (const read of use.reads) if (read.elements.length > (longest?.elements.length ?? -1)) longest = read
  if (longest === undefined) return
  use.order = longest.elements
  const known = new Set<number>()
  const twice = use.order.find((element) => known.size === known.add(element).size)
  if (twice !== undefined) {
    const text = `T${longest.transaction.id} reads ${twice} twice in ${use.key}: ${textOf(use.order)}`
    anomalies.push({ kind: 'duplicate', transactions: [longest.transaction.id], text })
  }
  for (const { transaction, elements } of use.reads) {
    if (isSame(elements, use.order.slice(0, elements.length))) continue
    const transactions = [transaction.id, longest.transaction.id]
    const text = `T${transactions[0]} reads ${use.key} as ${textOf(elements)}, and T${transactions[1]} as ${textOf(use.order)}`
    anomalies.push({ kind: 'order', transactions, text })
  }
}

function invalid(problem: string): StateError {
  return new StateError('HISTORY_INVALID', `a history cannot be checked: ${problem}`)
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((element, index) => element === right[index])
}

function textOf(elements: readonly number[]): string {
  return `[${elements.join(',')}]`
}
