import type { MergeKey } from './merged-step.ts'
import { type Sink, type SinkOptions, sinkOf } from './sink.ts'
import { checkFunction, checkObject, checkText } from './topology-checks.ts'

/** The sinks of a branch, by their names; the name is the topic too, where the options have no other. */
export type BranchSinks<Value, Name extends string> = { readonly [Each in Name]: SinkOptions<Value> }

/** What chooses among sinks, as data. */
export interface Branch {
  readonly id: string
  /** Names a sink; undefined leaves a record out. */
  readonly choose: (value: unknown, key: MergeKey) => string | undefined
}

/** A branch with its sinks, checked as far as one can by itself. */
export function branchOf(
  id: string,
  choose: unknown,
  sinks: Readonly<Record<string, SinkOptions<never>>>,
): { branch: Branch; sinks: Sink[] } {
  checkText('the id of a branch', id)
  checkFunction(`what "${id}" chooses sinks by`, choose)
  checkObject(`the sinks of "${id}"`, sinks)
  return {
    branch: { id, choose: choose as Branch['choose'] },
    sinks: Object.entries(sinks).map(([name, options]) => sinkOf(name, options)),
  }
}
