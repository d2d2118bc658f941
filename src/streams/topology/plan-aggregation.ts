import { kindOf } from '../../core/kind-of.ts'
import { valueName } from './aggregation.ts'
import { refuse } from './topology-checks.ts'
import type { Topology } from './topology.ts'

/** Names in a result besides that of the key. */
const resultNames: readonly string[] = ['start', 'end', valueName]

/** Fails for an aggregate whose results would have two values of one name, or whose initial value cannot be kept. */
export function checkAggregation({ name, aggregation, correlate }: Topology, keyName: string): void {
  if (aggregation === undefined) return
  if (resultNames.includes(keyName)) {
    refuse(
      name,
      `the key of "${correlate.id}" has the name "${keyName}" in its results, which have another "${keyName}": give it a keyName`,
    )
  }
  const { reduction } = aggregation
  if (reduction !== undefined && JSON.stringify(reduction.initial) === undefined) {
    refuse(name, `the initial value of "${correlate.id}" is ${kindOf(reduction.initial)}, which is no JSON`)
  }
}
