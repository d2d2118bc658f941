import { checkTopics } from '../../streams/index.ts'
import { appOf, topologyCommandOptions } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { loadTopology } from '../load-topology.ts'
import { topicsText } from '../topics-text.ts'

export const topics = defineCommand({
  operands: ['topology.ts'],
  options: topologyCommandOptions,
  usual: { bootstrapServers: 'localhost:9092', json: true },
  example: 'orders.ts --bootstrap-servers localhost:9092',
  async run({ options, operands, output }) {
    const topology = await loadTopology(operands[0]!)
    const check = await checkTopics({ ...appOf({ ...options, app: topology.name }, output), topology })
    output.result(check, topicsText(check))
    return check.isReady ? exitCodes.done : exitCodes.failed
  },
})
