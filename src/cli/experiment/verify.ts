import { clusterOf, clusterOptions } from '../app-command.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'
import { experimentOptions } from './options.ts'
import { isRight, verificationText, verifySink } from './sink-verification.ts'

const topic = {
  topic: { type: 'string', default: 'sink-topic', flag: '--topic', doc: 'Topic to read.' },
} as const

export const verify = defineCommand({
  operands: [],
  options: {
    ...clusterOptions,
    ...experimentOptions,
    ...topic,
    ...jsonOption,
  },
  usual: { bootstrapServers: 'localhost:9092', customers: 100_000, topic: 'sink-topic', seed: 7, json: true },
  example: '--customers 100000 --bootstrap-servers localhost:9092',
  async run({ options, output }) {
    const cluster = clusterOf(options, output)
    try {
      const verification = await verifySink(cluster, options.topic, options, output)
      const right = isRight(verification, options)
      output.result({ verification }, verificationText(verification, right))
      return right ? exitCodes.done : exitCodes.failed
    } finally {
      await cluster.close()
    }
  },
})
