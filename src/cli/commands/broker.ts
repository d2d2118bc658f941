import { once } from 'node:events'
import { type BrokerTopic, startBroker } from '../../broker/index.ts'
import { ConfigError } from '../../core/errors.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'

export const broker = defineCommand({
  operands: [],
  options: {
    host: { type: 'string', default: '127.0.0.1', flag: '--host', doc: 'Where it listens.' },
    port: { type: 'int', default: 9092, min: 0, max: 65_535, flag: '--port', doc: 'Its port; 0 picks a free one.' },
    topics: {
      type: 'string',
      optional: true,
      flag: '--topics',
      doc: 'Topics to create, each with its number of partitions, such as orders:12,payments:3.',
    },
    ...jsonOption,
  },
  usual: { port: 9092, topics: 'orders:12,payments:3' },
  example: '--topics orders:12,payments:3',
  async run({ options: { host, port, topics }, output, signal }) {
    await using running = await startBroker({ host, port, topics: parseTopics(topics ?? '') })
    const { bootstrapServers } = running
    output.result({ bootstrapServers }, `serves at ${bootstrapServers}`)
    if (!signal.aborted) await once(signal, 'abort')
    return exitCodes.done
  },
})

/** @throws ConfigError `CONFIG_INVALID_VALUE` */
function parseTopics(text: string): BrokerTopic[] {
  return text
    .split(',')
    .filter((each) => each !== '')
    .map((each) => {
      const [, name, partitions = '1'] = /^([^:]+)(?::([1-9]\d*))?$/.exec(each) ?? []
      if (name !== undefined) return { name, partitions: Number(partitions) }
      throw new ConfigError('CONFIG_INVALID_VALUE', `--topics takes name:partitions, not "${each}"`, { topic: each })
    })
}
