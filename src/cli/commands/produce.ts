import { ConfigError } from '../../core/errors.ts'
import { clusterOf, clusterOptions } from '../app-command.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'
import { produceLines } from '../records/produce-lines.ts'

export const produce = defineCommand({
  operands: ['topic'],
  options: {
    ...clusterOptions,
    keySeparator: {
      type: 'string',
      optional: true,
      flag: '--key-separator',
      doc: 'What stands between key and value in a line; without it records have no key.',
    },
    headers: {
      type: 'string',
      optional: true,
      flag: '--headers',
      doc: 'Headers of all records, such as source=shop,kind=order.',
    },
    ...jsonOption,
  },
  usual: { bootstrapServers: 'localhost:9092', keySeparator: ':', headers: 'source=shop', json: true },
  example: 'orders --bootstrap-servers localhost:9092',
  async run({ options, operands, output }) {
    const name = operands[0]!
    const { keySeparator } = options
    const headers = parseHeaders(options.headers ?? '')
    const cluster = clusterOf(options, output)
    try {
      const [topic] = await cluster.topics([name])
      const records = await produceLines(cluster, topic!, process.stdin, { keySeparator, headers })
      output.result({ topic: name, records }, `wrote ${records} ${records === 1 ? 'record' : 'records'} to ${name}`)
      return exitCodes.done
    } finally {
      await cluster.close()
    }
  },
})

/** @throws ConfigError `CONFIG_INVALID_VALUE` */
function parseHeaders(text: string): [string, string][] {
  return text
    .split(',')
    .filter((each) => each !== '')
    .map((each) => {
      const at = each.indexOf('=')
      if (at > 0) return [each.slice(0, at), each.slice(at + 1)]
      throw new ConfigError('CONFIG_INVALID_VALUE', `--headers takes name=value, not "${each}"`, { header: each })
    })
}
