import { systemClock } from '../../core/clock.ts'
import { ConfigError } from '../../core/errors.ts'
import { type Cluster, partitionForKey, sendBatches, type Topic } from '../../kafka/index.ts'
import {
  encodeHeader,
  noProducer,
  type OutputBatch,
  OutputBuilder,
  type PlainRecord,
  writePlainRecord,
} from '../../kernel/index.ts'
import { readLines } from './read-lines.ts'

/** How lines become records. */
export interface LineFormat {
  /** What stands between key and value; without it lines are values, and records have no key. */
  readonly keySeparator?: string | undefined
  /** Headers of all records, by name. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Batches are of so many bytes, which any topic takes. */
const batchBytes = 64 << 10

/**
 * Writes lines of text to a topic, each as a record, as they come: those of a key to the partition that Java's client
 * gives it, the others to one partition after the other.
 *
 * @returns How many there were.
 * @throws ConfigError `CONFIG_INVALID_VALUE` for a line without the separator; KafkaError
 */
export async function produceLines(
  cluster: Cluster,
  topic: Topic,
  input: AsyncIterable<Buffer | string>,
  format: LineFormat,
): Promise<number> {
  const headers = Buffer.concat(format.headers.map(([name, value]) => encodeHeader(name, Buffer.from(value))))
  const filled: OutputBatch[] = []
  const partitionCount = topic.partitions.length
  const out = new OutputBuilder({ sink: 0, partitionCount, batchBytes, onFilled: (batch) => filled.push(batch) })
  let count = 0
  for await (const lines of readLines(input)) {
    let fault: ConfigError | undefined
    for (const line of lines) {
      const fields = fieldsOf(line, format)
      if (fields === undefined) {
        fault = keyMissing(count + 1, format)
        break
      }
      const { key } = fields
      const record: PlainRecord = { ...fields, headerCount: format.headers.length, headers }
      const partition = key === undefined ? count % partitionCount : partitionForKey(key, partitionCount)
      writePlainRecord(out, partition, systemClock.nowMs(), record)
      count++
    }
    out.flush()
    const batches = filled.splice(0)
    const ready = batches.map((batch) => ({ partition: batch.partition, bytes: batch.seal(noProducer) }))
    await sendBatches(cluster, topic, ready, () => {})
    for (const batch of batches) out.recycle(batch)
    if (fault !== undefined) throw fault
  }
  return count
}

/** Undefined for a line that has no key where it is to have one. */
function fieldsOf(line: string, { keySeparator }: LineFormat): Pick<PlainRecord, 'key' | 'value'> | undefined {
  if (keySeparator === undefined) return { key: undefined, value: Buffer.from(line) }
  const at = line.indexOf(keySeparator)
  if (at < 0) return undefined
  return { key: Buffer.from(line.slice(0, at)), value: Buffer.from(line.slice(at + keySeparator.length)) }
}

function keyMissing(line: number, { keySeparator }: LineFormat): ConfigError {
  const text = `line ${line} has no key: "${keySeparator}" is not in it; the lines before it are written`
  return new ConfigError('CONFIG_INVALID_VALUE', text, { line })
}
