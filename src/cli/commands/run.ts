import { httpOptions } from '../../http/index.ts'
import { runOptions, securityOf, securityOptions } from '../../streams/index.ts'
import { defineCommand, exitCodes, jsonOption, valuesIn } from '../command.ts'
import { loadTopology } from '../load-topology.ts'
import { measuredRun } from '../measured-run.ts'
import { runText } from '../report-text.ts'

export const run = defineCommand({
  operands: ['topology.ts'],
  options: {
    ...runOptions,
    ...securityOptions,
    ...httpOptions,
    untilCaughtUp: {
      type: 'boolean',
      default: false,
      flag: '--until-caught-up',
      doc: 'End once all that was in the source at the start is processed, and all that was pending is back in the table.',
    },
    ...jsonOption,
  },
  usual: {
    bootstrapServers: 'localhost:9092',
    http: '127.0.0.1:9464',
    untilCaughtUp: true,
    pendingBytesMax: 2_147_483_648,
    onPoison: 'stop',
  },
  example: 'orders.ts --bootstrap-servers localhost:9092',
  async run({ options, operands, output, signal }) {
    const topology = await loadTopology(operands[0]!)
    const report = await measuredRun(
      topology,
      { ...valuesIn(runOptions, options), ...securityOf(options) },
      {
        output,
        signal,
        untilCaughtUp: options.untilCaughtUp,
        http: valuesIn(httpOptions, options),
        showsFigures: true,
      },
    )
    if (report !== undefined) output.result(report, runText(report))
    const isDone = !options.untilCaughtUp || report?.isComplete === true
    return isDone ? exitCodes.done : exitCodes.unfinished
  },
})
