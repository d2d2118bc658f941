import { clusterOf, clusterOptions } from '../app-command.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'
import { createExperimentTopic, generateSource } from './experiment-source.ts'
import { experimentOptions } from './options.ts'
import { recordsPerCustomer } from './records/index.ts'

const topics = {
  topic: { type: 'string', default: 'source-topic', flag: '--topic', doc: 'Topic to write to.' },
  sink: { type: 'string', default: 'sink-topic', flag: '--sink', doc: 'Topic for what the program will write.' },
} as const

export const generate = defineCommand({
  operands: [],
  options: {
    ...clusterOptions,
    ...experimentOptions,
    ...topics,
    ...jsonOption,
  },
  usual: { bootstrapServers: 'localhost:9092', customers: 100_000, topic: 'source-topic', seed: 7 },
  example: '--customers 100000 --bootstrap-servers localhost:9092',
  async run({ options, output }) {
    const cluster = clusterOf(options, output)
    try {
      await createExperimentTopic(cluster, options.sink)
      const bytes = await generateSource(cluster, options.topic, options, output)
      output.result(
        { customers: options.customers, seed: options.seed, bytes },
        `wrote ${options.customers * recordsPerCustomer} records to ${options.topic}`,
      )
      return exitCodes.done
    } finally {
      await cluster.close()
    }
  },
})
