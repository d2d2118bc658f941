import { Cluster } from '../../kafka/index.ts'
import { runOptions } from '../../streams/index.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'
import { experimentOptions } from '../experiment/index.ts'
import { generateSource } from '../experiment-topics.ts'

export const generate = defineCommand({
  name: 'generate',
  summary: "Writes the experiment's records to source-topic, which it creates with 12 partitions where it is not there.",
  operands: [],
  options: { bootstrapServers: runOptions.bootstrapServers, ...experimentOptions, ...jsonOption },
  async run({ options, output }) {
    const cluster = new Cluster(options)
    try {
      const bytes = await generateSource(cluster, 'source-topic', options, output)
      output.result({ customers: options.customers, seed: options.seed, bytes }, `wrote ${options.customers * 3} records to source-topic`)
      return exitCodes.done
    } finally {
      await cluster.close()
    }
  },
})
