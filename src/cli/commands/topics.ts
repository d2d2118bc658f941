import { checkTopics } from '../../streams/index.ts'
import { checkpointCommandOptions, checkpointOf } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { loadTopology } from '../load-topology.ts'
import { topicsText } from '../topics-text.ts'

export const topics = defineCommand({
  operands: ['topology.ts'],
  options: checkpointCommandOptions,
  usual: { bootstrapServers: 'localhost:9092', json: true },
  example: 'orders.ts --bootstrap-servers localhost:9092',
  async run({ options, operands, output }) {
    const topology = await loadTopology(operands[0]!)
    const check = await checkTopics({ ...checkpointOf(options, output), topology })
    output.result(check, topicsText(check))
    return check.isReady ? exitCodes.done : exitCodes.failed
  },
})
