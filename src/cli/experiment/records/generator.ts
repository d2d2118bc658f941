import { assert } from '../../../core/assert.ts'
import { nextInt, seededRandom } from '../../../core/random.ts'
import { BatchWriter, keyBytesMax } from './batch-writer.ts'
import { type Experiment, emittedAtMs, stages, valueBytesMax, writeCustomerId, writeRecord } from './experiment.ts'

/** A part of the source as a producer sends it. */
export interface ExperimentBatch {
  readonly partition: number
  /** One Kafka record batch, uncompressed, without a producer id. The memory is the receiver's from then on. */
  readonly bytes: Uint8Array
  readonly recordCount: number
}

/** Of one record. */
const headersBytesMax = 128

/** An experiment, and how its records are written. */
interface ExperimentShape extends Experiment {
  readonly partitions: number
  readonly batchBytes?: number
  readonly prefix?: Uint8Array
  readonly stage?: number | undefined
  readonly partitionOf?: ((key: Uint8Array, partitions: number) => number) | undefined
  readonly headersOf?: ((customer: number, stage: number) => Uint8Array) | undefined
}

/**
 * Makes the source of the experiment: one record per customer and stage, shuffled over all, dealt round-robin to the
 * partitions, or to that of its key. The same arguments give the same bytes on every machine.
 *
 * @param partitions - How many partitions the source topic has.
 * @param batchBytes - No batch is larger. 1,024 to 2^30 bytes; keep it within the topic's `max.message.bytes`.
 * @param prefix - Bytes before each value, as a schema registry's serializers write them.
 * @param stage - Index of the stage whose records are made.
 * @param partitionOf - Puts a record where its customer belongs, who then is its key.
 * @param headersOf - Headers of a record with their count, of 128 bytes at most.
 * @defaultValue `batchBytes` 131,072, `prefix` none, `stage` all of them, `partitionOf` none, `headersOf` none
 */
export function* experimentBatches({
  customers,
  seed,
  partitions,
  batchBytes = 131_072,
  prefix = new Uint8Array(0),
  stage,
  partitionOf,
  headersOf,
}: ExperimentShape): Generator<ExperimentBatch, void, void> {
  assert(batchBytes >= 1_024, 'a batch has room for at least one record')
  const order = shuffledNumbers(customers * stages.length, seed)
  const beside =
    prefix.length + (partitionOf === undefined ? 0 : keyBytesMax) + (headersOf === undefined ? 0 : headersBytesMax)
  const keys = new Uint8Array(keyBytesMax)
  const open = Array.from({ length: partitions }, () => new BatchWriter(batchBytes))
  for (let position = 0; position < order.length; position++) {
    if (stage !== undefined && order[position]! % stages.length !== stage) continue
    const record = order[position]!
    const customer = Math.floor(record / stages.length)
    const key = partitionOf && keys.subarray(0, writeCustomerId(keys, 0, seed, customer))
    const partition = key === undefined ? position % partitions : partitionOf!(key, partitions)
    const writer = open[partition]!
    const valueStart = writer.startRecord(emittedAtMs(position), key)
    writer.bytes.set(prefix, valueStart)
    const valueEnd = writeRecord(writer.bytes, valueStart + prefix.length, seed, record, position)
    writer.endRecord(valueEnd, headersOf?.(customer, record % stages.length))
    if (!writer.hasRoomFor(beside + valueBytesMax)) {
      yield { partition, bytes: writer.seal(), recordCount: writer.recordCount }
      open[partition] = new BatchWriter(batchBytes)
    }
  }
  for (const [partition, writer] of open.entries()) {
    if (writer.recordCount > 0) yield { partition, bytes: writer.seal(), recordCount: writer.recordCount }
  }
}

/** The numbers below `count` in random order. @see Fisher and Yates; Durstenfeld, Algorithm 235. */
function shuffledNumbers(count: number, seed: number): Uint32Array {
  const random = seededRandom(seed)
  const numbers = new Uint32Array(count)
  for (let i = 0; i < count; i++) numbers[i] = i
  for (let i = count - 1; i > 0; i--) {
    const other = nextInt(random, i + 1)
    const taken = numbers[i]!
    numbers[i] = numbers[other]!
    numbers[other] = taken
  }
  return numbers
}
