import { kindOf } from '../../core/kind-of.ts'
import { resolveOptions } from '../../core/options.ts'
import { type Aggregate, type Aggregation, type Reduction, windowOptions, type WindowResult } from './aggregation.ts'
import type { Field } from './field.ts'
import { stage, type Stage } from './stage.ts'
import { checkField, checkFunction, checkObject, invalid } from './topology-checks.ts'
import { areSessions, checkWindows } from './windows.ts'
import type { Aggregated, Grouped } from './ways-on.ts'

/** Begins an aggregate. @param end - Makes a topology of it, given what is kept of each record. */
export function groupedBy<Value>(
  id: string,
  end: <Output>(aggregation: Aggregation, kept: Stage) => Aggregated<Output>,
): Grouped<Value> {
  return {
    window(windows, options = {}) {
      checkWindows(`"${id}"`, windows)
      checkObject(`the options of the windows of "${id}"`, options)
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
