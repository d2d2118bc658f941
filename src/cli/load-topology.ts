import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../core/errors.ts'
import type { Topology } from '../streams/index.ts'

/** Loads the topology that a file exports by default. @throws ConfigError `CONFIG_INVALID_MODULE` */
export async function loadTopology(file: string): Promise<Topology> {
  const refuse = (what: string, cause?: unknown) =>
    new ConfigError('CONFIG_INVALID_MODULE', `${file} ${what}`, { file }, cause)
  const module = await import(pathToFileURL(resolve(file)).href).catch((error: Error) => {
    throw refuse(`cannot be loaded: ${error.message}`, error)
  })
  const topology: unknown = module.default
  const isTopology =
    typeof topology === 'object' && topology !== null && 'kind' in topology && topology.kind === 'topology'
  if (!isTopology) throw refuse('has no topology as its default export')
  return topology as Topology
}
