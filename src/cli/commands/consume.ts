import { isUtf8 } from 'node:buffer'
import { clusterOf, clusterOptions } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { consumeRecords, type ReadRecord } from '../records/consume-records.ts'
import { harmless } from '../quoted.ts'

export const consume = defineCommand({
  operands: ['topic'],
  options: {
    ...clusterOptions,
    from: {
      type: 'string',
      default: 'earliest',
      choices: ['earliest', 'latest'],
      flag: '--from',
      doc: 'Where it begins: with all that is there, or with what comes.',
    },
    follow: {
      type: 'boolean',
      default: false,
      flag: '--follow',
      doc: 'Go on at the end of the topic, until it is interrupted.',
    },
    limit: { type: 'int', optional: true, min: 1, flag: '--limit', doc: 'As many records at most.' },
    keySeparator: {
      type: 'string',
      optional: true,
      flag: '--key-separator',
      doc: 'Print the key before the value, and this between them.',
    },
    headers: {
      type: 'boolean',
      default: false,
      flag: '--headers',
      doc: 'Print headers before all of it, as name=value, separated by commas, and a tab after them.',
    },
    json: {
      type: 'boolean',
      default: false,
      flag: '--json',
      doc: 'Print each record as one JSON object, with partition, offset, timestamp, key, value and headers; what is no text as {"base64": …}.',
    },
  },
  usual: { bootstrapServers: 'localhost:9092', follow: true, limit: 10, keySeparator: ':', json: true },
  example: 'orders --bootstrap-servers localhost:9092 --limit 10',
  async run({ options, operands, output, signal }) {
    const { from, follow: follows, limit, json } = options
    const cluster = clusterOf(options, output)
    try {
      const [topic] = await cluster.topics([operands[0]!])
      const textOf = json ? (record: ReadRecord) => jsonText(record) : (record: ReadRecord) => line(record, options)
      const choice = { from, follows: follows || from === 'latest', limit, signal }
      await consumeRecords(cluster, topic!, choice, (record) => output.line(textOf(record)))
      return exitCodes.done
    } finally {
      await cluster.close()
    }
  },
})

interface LineChoice {
  readonly keySeparator: string | undefined
  readonly headers: boolean
}

function jsonText({ key, value, headers, ...place }: ReadRecord): string {
  const named = headers.map(([name, content]) => [name, losslessOf(content)])
  return JSON.stringify({ ...place, key: losslessOf(key), value: losslessOf(value), headers: named })
}

/** As text, or in base64 where that would not be what it is. */
function losslessOf(bytes: Uint8Array | undefined): string | { readonly base64: string } | null {
  if (bytes === undefined || isUtf8(bytes)) return textOf(bytes)
  return { base64: Buffer.from(bytes).toString('base64') }
}

function textOf(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : Buffer.from(bytes).toString()
}

/** A pipe gets keys and values as they are; a terminal is not for records to control, nor are headers text. */
function line({ key, value, headers }: ReadRecord, { keySeparator, headers: hasHeaders }: LineChoice): string {
  const named = headers.map(([name, content]) => harmless(`${name}=${textOf(content) ?? ''}`)).join(',')
  const shown = process.stdout.isTTY ? harmless : (text: string) => text
  return [
    ...(hasHeaders ? [`${named}\t`] : []),
    ...(keySeparator === undefined ? [] : [`${shown(textOf(key) ?? '')}${keySeparator}`]),
    shown(textOf(value) ?? ''),
  ].join('')
}
