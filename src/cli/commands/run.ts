import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../../core/errors.ts'
import { runOptions, securityOf, securityOptions, type Topology } from '../../streams/index.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'
import { measuredRun, runOptionsOf } from '../measured-run.ts'
import { runText } from '../report-text.ts'

export const run = defineCommand({
  name: 'run',
  summary: 'Runs the topology that a file exports by default, until it is told to stop.',
  operands: ['topology.ts'],
  options: {
    ...runOptions,
    ...securityOptions,
    untilCaughtUp: {
      type: 'boolean',
      default: false,
      flag: '--until-caught-up',
      doc: 'End once all that was in the source at the start is processed.',
    },
    ...jsonOption,
  },
  async run({ options, operands, output, signal }) {
    const topology = await loadTopology(operands[0]!)
    const report = await measuredRun(
      topology,
      { ...runOptionsOf(options), ...securityOf(options) },
      { output, signal, untilCaughtUp: options.untilCaughtUp },
    )
    output.result(report, runText(report))
    return exitCodes.done
  },
})

async function loadTopology(file: string): Promise<Topology> {
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
