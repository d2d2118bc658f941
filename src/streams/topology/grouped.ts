import { kindOf } from '../../core/kind-of.ts'
import { resolveOptions } from '../../core/options.ts'
import {
  type Aggregate,
  type Aggregation,
  type Reduction,
  windowOptions,
  type WindowOptions,
  type WindowResult,
} from './aggregation.ts'
import type { BranchSinks } from './branch.ts'
import type { Topology } from './declared-topology.ts'
import type { Field } from './field.ts'
import type { MergedOptions, MergeKey } from './merged-step.ts'
import type { SinkOptions } from './sink.ts'
import { type Json, stage, type Stage } from './stage.ts'
import { checkField, checkFunction, checkOptions, invalid } from './topology-checks.ts'
import { areSessions, checkWindows, type Windows } from './windows.ts'

/** Records by their key, which need windows. */
export interface Grouped<Value> {
  /** Puts records into windows by their timestamps. */
  window(windows: Windows, options?: WindowOptions): Windowed<Value>
}

/**
 * Records by key and window, which need an aggregate. A window has one result, which is published when it closes: when
 * the time that the records tell has reached its end and the grace after it. With `results: 'changes'` it has one with
 * each record.
 */
export interface Windowed<Value> {
  /** How many records there are. */
  count(): Aggregated<WindowResult<number>>
  /** The sum of a field. A record in which it is no number, or that makes the sum infinite, is a dead letter. */
  sum(field: Field): Aggregated<WindowResult<number>>
  /** The least value of a field. A record in which it is no number is a dead letter. */
  min(field: Field): Aggregated<WindowResult<number>>
  /** The greatest value of a field, likewise. */
  max(field: Field): Aggregated<WindowResult<number>>
  /**
   * What a function makes of the value before and of a record, one after the other, as `Array.prototype.reduce` does. It
   * is synchronous, does the same each time, and makes what JSON can hold. A record for which it throws is a dead letter.
   */
  reduce<Made>(
    apply: (soFar: Made, value: Value) => Made,
    initial: Made,
    merge?: (left: Made, right: Made) => Made,
  ): Aggregated<WindowResult<Made>>
  /**
   * The list of the records, or of a field of them, byte for byte, in the order in which they were consumed. A record
   * that would make the list larger than a record can be is a dead letter.
   */
  collect<Part = Json>(field?: Field): Aggregated<WindowResult<readonly Part[]>>
}

/**
 * An aggregate that needs a sink. Functions see each result as a value, and its key besides, as those after a merge see
 * merged records: they are synchronous, and do the same each time. A result on which one fails is a dead letter
 * (`RESULT_FAILED`).
 */
export interface Aggregated<Output> {
  /** Publishes the results for which a function is true. */
  filter<Kept extends Output>(
    id: string,
    keeps: (result: Output, key: MergeKey) => result is Kept,
    options?: MergedOptions,
  ): Aggregated<Kept>
  filter(id: string, keeps: (result: Output, key: MergeKey) => boolean, options?: MergedOptions): Aggregated<Output>
  /** Publishes what a function makes of the results: any JSON; `null` is a record without a value, a tombstone. */
  map<Made>(id: string, make: (result: Output, key: MergeKey) => Made, options?: MergedOptions): Aggregated<Made>
  /** Publishes each of the values that a function makes of the results, in their order, all of them or none. */
  flatMap<Made>(
    id: string,
    make: (result: Output, key: MergeKey) => readonly Made[],
    options?: MergedOptions,
  ): Aggregated<Made>
  /** Publishes the results, under the key of their records where the options say nothing else. */
  sink(id: string, options?: SinkOptions<Output>): Topology<Output, never>
  /** Publishes each result in the sink that a function names; one for which it names none is left out. */
  branch<const Name extends string>(
    id: string,
    choose: (result: Output, key: MergeKey) => NoInfer<Name> | undefined,
    sinks: BranchSinks<Output, Name>,
  ): Topology<Output, never>
}

/** Begins an aggregate. @param end - Makes a topology of it, given what is kept of each record. */
export function groupedBy<Value>(
  id: string,
  end: <Output>(aggregation: Aggregation, kept: Stage) => Aggregated<Output>,
): Grouped<Value> {
  return {
    window(windows, options = {}) {
      checkWindows(`"${id}"`, windows)
      checkOptions(`the windows of "${id}"`, options)
      const { results = 'closed', late = 'drop', ...given } = options
      if (results !== 'closed' && results !== 'changes') {
        throw invalid(`results of the windows of "${id}" is ${kindOf(results)}, where "closed" or "changes" belongs`)
      }
      if (late !== 'drop' && late !== 'deadLetter') {
        throw invalid(`late of the windows of "${id}" is ${kindOf(late)}, where "drop" or "deadLetter" belongs`)
      }
      if (areSessions(windows) && results === 'changes') {
        throw invalid(
          `results of the windows of "${id}" are changes, which sessions do not have: they grow into one another`,
        )
      }
      const { bytesMax } = resolveOptions(windowOptions, { given })
      const ended = <Output>(aggregate: Aggregate, kept: Stage, reduction?: Reduction) =>
        end<Output>({ aggregate, windows, results, late, bytesMax, reduction }, kept)
      const ofField = (aggregate: Aggregate, field: Field) => {
        checkField(`what the ${aggregate} of "${id}" is of`, field)
        return ended<WindowResult<never>>(aggregate, stage({ part: field }))
      }
      return {
        count: () => ended('count', stage()),
        sum: (field) => ofField('sum', field),
        min: (field) => ofField('min', field),
        max: (field) => ofField('max', field),
        reduce(apply, initial, merge) {
          checkFunction(`what reduces the records of "${id}"`, apply)
          if (merge !== undefined || areSessions(windows)) checkFunction(`what merges sessions of "${id}"`, merge)
          const reduction = { apply, initial, merge } as Reduction
          return ended('reduce', stage(), reduction)
        },
        collect: (field) => (field === undefined ? ended('collect', stage()) : ofField('collect', field)),
      }
    },
  }
}
