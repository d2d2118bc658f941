import { explain as explainKey } from '../../streams/index.ts'
import { readingCommandOptions, readingOf } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { explanationText } from '../explanation-text.ts'
import { loadTopology } from '../load-topology.ts'

export const explain = defineCommand({
  operands: ['key'],
  options: {
    ...readingCommandOptions,
    topology: {
      type: 'string',
      optional: true,
      flag: '--topology',
      doc: "File with the program's topology, where a function chooses the stages of records, or nothing is committed yet.",
    },
  },
  usual: { app: 'orders', bootstrapServers: 'localhost:9092', topology: 'orders.ts', json: true },
  example: '4711 --app orders --bootstrap-servers localhost:9092',
  async run({ options, operands, output }) {
    const topology = options.topology === undefined ? undefined : await loadTopology(options.topology)
    const explanation = await explainKey({ ...readingOf(options, output), key: operands[0]!, topology })
    output.result(explanation, explanationText(explanation))
    return exitCodes.done
  },
})
