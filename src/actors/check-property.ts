import fc from 'fast-check'
import { systemRandom } from '../core/random.ts'

/** Runs a property `MILLRACE_RUNS` times (`runs` by default) from `MILLRACE_SEED`, and says how to repeat a failure. */
export async function checkProperty<T>(runs: number, property: fc.IAsyncPropertyWithHooks<T>): Promise<void> {
  const numRuns = Number(process.env['MILLRACE_RUNS'] ?? runs)
  const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32() | 0)
  const details = await fc.check(property, { numRuns, seed })
  if (!details.failed) return
  const command = `MILLRACE_RUNS=${numRuns} MILLRACE_SEED=${seed} node --test ${process.argv[1]}`
  throw new Error(`replay with: ${command}\n${fc.defaultReportMessage(details)}`, { cause: details.errorInstance })
}
