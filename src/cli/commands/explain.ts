import { explain as explainKey, runOptions } from '../../streams/index.ts'
import { appOptions, atCluster } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { explanationText } from '../explanation-text.ts'
import { loadTopology } from '../load-topology.ts'

export const explain = defineCommand({
  name: 'explain',
  summary: 'Tells what has become of the records of a merge key: which parts wait, were merged, or are dead letters.',
  operands: ['key'],
  options: {
    ...appOptions,
    topology: {
      type: 'string',
      optional: true,
      flag: '--topology',
      doc: "File with the program's topology, where a function chooses the stages of records, or nothing is committed yet.",
    },
    decompressedBytesMax: runOptions.decompressedBytesMax,
  },
  async run({ options, operands, output }) {
    const { app, decompressedBytesMax } = options
    const topology = options.topology === undefined ? undefined : await loadTopology(options.topology)
    const question = { app, key: operands[0]!, decompressedBytesMax, ...(topology && { topology }) }
    const explanation = await atCluster(options, output, (cluster) => explainKey(cluster, question))
    output.result(explanation, explanationText(explanation))
    return exitCodes.done
  },
})
