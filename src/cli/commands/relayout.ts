import {
  relayout as relayoutProgram,
  relayoutOptions,
  type RelayoutReport,
  securityOf,
  securityOptions,
} from '../../streams/index.ts'
import { defineCommand, exitCodes, jsonOption, valuesIn } from '../command.ts'
import { loadTopology } from '../load-topology.ts'

export const relayout = defineCommand({
  operands: ['topology.ts'],
  options: {
    ...relayoutOptions,
    ...securityOptions,
    ...jsonOption,
    yes: { type: 'boolean', default: false, flag: '--yes', doc: 'Do it.' },
  },
  usual: { to: 'routed', tasks: 24, bootstrapServers: 'localhost:9092', yes: true, json: true },
  example: 'orders.ts --to keyed --bootstrap-servers kafka:9092',
  async run({ options, operands, output, signal }) {
    const topology = await loadTopology(operands[0]!)
    const { yes } = options
    const given = { ...valuesIn(relayoutOptions, options), ...securityOf(options) }
    const report = await relayoutProgram({ ...given, topology, dryRun: !yes, logger: output.logger, signal })
    const isDone = yes || report.isThere
    output.result({ ...report, isDone }, relayoutText(report, isDone))
    return isDone ? exitCodes.done : exitCodes.unfinished
  },
})

function relayoutText(report: RelayoutReport, isDone: boolean): string {
  const { app, from, fromTasks, to, pending, promoted, inTransit, deletes, isThere } = report
  const tasks = fromTasks === 1 ? '1 task' : `${fromTasks} tasks`
  if (isThere) return `"${app}" is in the layout ${from} already, with ${tasks}`
  const [is, are, goes] = isDone ? ['has gone', 'were', 'go'] : ['would go', 'would be', 'would go']
  return [
    `"${app}" ${is} from the layout ${from} with ${tasks} to the layout ${to}.`,
    `${pending} pending parts ${isDone ? 'have gone' : goes} along, of which ${promoted} are promoted.`,
    ...(inTransit > 0 ? [`Of what is routed, ${inTransit} offsets ${are} merged first.`] : []),
    `Deleted ${are} ${deletes.join(', ')}.`,
    isDone ? `Start it in the layout ${to}.` : 'Nothing has been done: give --yes to do it.',
  ].join('\n')
}
