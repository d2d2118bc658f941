import { type Cluster, readTopic, type Topic, topicRange } from '../../kafka/index.ts'
import type { Output } from '../output.ts'
import { startTicker } from '../ticker.ts'
import { createVerifier, type Experiment, type Verification } from './records/index.ts'

/** Reads a sink to its end, as a `read_committed` consumer would, and compares each record with what the seed says. */
export async function verifySink(
  cluster: Cluster,
  name: string,
  { customers, seed }: Experiment,
  output: Output,
): Promise<Verification> {
  const [topic] = (await cluster.topics([name])) as [Topic]
  const range = await topicRange(cluster, topic)
  const total = sum(range.ends) - sum(range.starts)
  const read = Array.from(range.starts)
  const verifier = createVerifier({ customers, seed })
  const show = () => output.progress('verifying', Math.min(total, sum(read) - sum(range.starts)), total)
  using _ticker = startTicker(show)
  await readTopic(cluster, topic, range, ({ partition, bytes, start, end, nextOffset, aborted }) => {
    verifier.batches(bytes.subarray(start, end), aborted)
    read[partition] = nextOffset
  })
  show()
  output.endProgress()
  return verifier.result()
}

/** Whether a result is exactly what the experiment should give. */
export function isRight(
  { distinct, missing, duplicates, mismatched }: Verification,
  { customers }: Experiment,
): boolean {
  return distinct === customers && missing === 0 && duplicates === 0 && mismatched === 0
}

/** The result for people. */
export function verificationText(
  { distinct, missing, duplicates, mismatched }: Verification,
  isRight: boolean,
): string {
  return `${isRight ? 'verified' : 'WRONG'}: ${distinct} distinct, ${missing} missing, ${duplicates} duplicates, ${mismatched} mismatched`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
