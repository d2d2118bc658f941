import fc from 'fast-check'
import { systemRandom } from '../src/core/random.ts'

/** Runs a property `MILLRACE_RUNS` times (`runs` by default) from `MILLRACE_SEED`, and says how to repeat a failure. */
export function check<T>(property: fc.IPropertyWithHooks<T>, runs = 20_000): void {
  report(fc.check(property, parameters(runs)))
}

/**
 * The same for a property that is asynchronous.
 *
 * @param variable - Names what says how often it is run, where that is to differ from other properties.
 */
export async function checkAsync<T>(
  property: fc.IAsyncPropertyWithHooks<T>,
  runs = 20_000,
  variable = 'MILLRACE_RUNS',
): Promise<void> {
  report(await fc.check(property, parameters(runs, variable)), variable)
}

function parameters(runs: number, variable = 'MILLRACE_RUNS'): { numRuns: number; seed: number } {
  return {
    numRuns: Number(process.env[variable] ?? runs),
    seed: Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32() | 0),
  }
}

function report<T>(details: fc.RunDetails<T>, variable = 'MILLRACE_RUNS'): void {
  if (!details.failed) return
  const command = `${variable}=${details.numRuns} MILLRACE_SEED=${details.seed} node --test ${process.argv[1]}`
  throw new Error(`replay with: ${command}\n${fc.defaultReportMessage(details)}`, { cause: details.errorInstance })
}
