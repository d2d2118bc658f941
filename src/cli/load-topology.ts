import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { systemClock } from '../core/clock.ts'
import { ConfigError, MillraceError, TopologyError } from '../core/errors.ts'
import { kindOf } from '../core/kind-of.ts'
import type { Topology } from '../streams/index.ts'
import { placeIn } from './error-place.ts'

/** How long what a file awaits at its top level may take. */
const loadMsMax = 30_000

/**
 * Loads the topology that a file exports by default.
 *
 * @throws ConfigError `CONFIG_INVALID_MODULE`, TopologyError `TOPOLOGY_INVALID`, each with file and line as far as they
 * are known.
 */
export async function loadTopology(file: string): Promise<Topology> {
  const path = resolve(file)
  const refuse = (what: string, cause?: unknown) =>
    new ConfigError('CONFIG_INVALID_MODULE', `${file} ${what}`, { file }, cause)
  const loading = import(pathToFileURL(path).href).catch(async (error: Error) => {
    const place = placeIn(error) ?? (error instanceof SyntaxError ? await placeOfSyntaxError(path) : undefined)
    const at = place === undefined ? '' : ` (${place})`
    if (MillraceError.is(error)) throw new TopologyError('TOPOLOGY_INVALID', `${error.message}${at}`, { file }, error)
    throw refuse(`cannot be loaded: ${error.message}${at}`, error)
  })
  const module = await settled(loading)
  if (module === undefined) {
    const lines = await linesOf(path, /^(?!.*\basync\b)\S.*\bawait\b|^await\b/)
    throw refuse(`cannot be loaded: what it awaits at its top level does not come${lines}`)
  }
  const topology: unknown = module.default
  const isTopology =
    typeof topology === 'object' && topology !== null && 'kind' in topology && topology.kind === 'topology'
  if (isTopology) return topology as Topology
  const lines = await linesOf(path, /^export default\b/)
  throw refuse(`has no topology as its default export: it is ${exportOf(topology)}${lines}`)
}

/** What a promise comes to; undefined once nothing is left in the process that could settle it, or the time is over. */
async function settled<Result>(promise: Promise<Result>): Promise<Result | undefined> {
  const over = new AbortController()
  const late = Promise.withResolvers<undefined>()
  // It does not count as something that is left.
  const timer = systemClock.setTimer({ afterMs: loadMsMax, background: true }, () => late.resolve(undefined))
  const idle = once(process, 'beforeExit', { signal: over.signal }).then(() => undefined)
  try {
    return await Promise.race([promise, idle, late.promise])
  } finally {
    timer.cancel()
    over.abort()
  }
}

/** Node.js tells where in JavaScript a module cannot be compiled only when it runs it, or checks it, itself. */
function placeOfSyntaxError(path: string): Promise<string | undefined> {
  return new Promise((found) => {
    execFile(process.execPath, ['--check', path], (_error, _stdout, stderr) => found(placeIn({ stack: stderr })))
  })
}

/** The lines of a file that look like something, as the end of a sentence; none where the file cannot be read. */
async function linesOf(path: string, form: RegExp): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const found = text.split('\n').flatMap((line, index) => (form.test(line) ? [`${path}:${index + 1}`] : []))
  return found.length === 0 ? '' : ` (${found.join(', ')})`
}

function exportOf(value: unknown): string {
  const nextSteps = ['source', 'route', 'correlate', 'sink'] as const
  const missing = nextSteps.find(
    (step) => typeof value === 'object' && value !== null && typeof Reflect.get(value, step) === 'function',
  )
  return missing === undefined ? kindOf(value) : `what begins a topology, without .${missing}(…)`
}
