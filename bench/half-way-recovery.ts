import { systemClock } from '../src/core/clock.ts'
import { Cluster, fetchGroupOffsets, readTopic, type Topic } from '../src/kafka/index.ts'
import { BatchReader, RecordColumns } from '../src/kernel/index.ts'
import { unharmed } from '../test/crash/crash-plan.ts'
import { partitions } from '../test/crash/experiment-topics.ts'
import { type Experiment, Program } from '../test/crash/program.ts'

export interface HalfWayRecovery {
  /** Records consumed when the process was killed. */
  readonly consumed: number
  /** From the kill to the first request, the active role, the checkpoint, and the first new commit of the next process. */
  readonly toFirstRequestMs: number
  readonly toOwnerMs: number
  readonly toLoadedMs: number
  readonly totalMs: number
  /** From the first fetch of the source to the first output: re-reading and the first epoch. */
  readonly rereadMs: number
  /** What fetching the same records takes, each time, with their checksums and the borders of each record and no more. */
  readonly bareMs: readonly number[]
}

const bareRuns = 3

/** Kills the process of an experiment at an epoch, starts it again, and then reads the same records as it, bare. */
export async function measureHalfWay(experiment: Experiment, epoch: number): Promise<HalfWayRecovery> {
  await using first = new Program(experiment, [], {
    ...unharmed,
    point: { step: 'EndTxn', moment: 'before its answer is handled' },
    nth: epoch,
    epochsMax: epoch,
  })
  const { atMs: diedMs } = await first.ended
  await using second = new Program(experiment, [], unharmed)
  const cluster = new Cluster({ bootstrapServers: experiment.bootstrapServers })
  try {
    // With what the next one commits soon it would be more: the group is asked before that has joined.
    const { app, source } = experiment
    const offsets = await fetchGroupOffsets(cluster, app, source, partitions, { requireStable: false })
    const ends = offsets.map((offset) => offset ?? 0)
    await second.ended
    const [topic] = (await cluster.topics([source])) as [Topic]
    const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
    const columns = new RecordColumns()
    const bareMs: number[] = []
    for (let run = 0; run < bareRuns; run++) {
      const startMs = systemClock.nowMs()
      await readTopic(cluster, topic, { starts: ends.map(() => 0), ends }, (piece) => {
        reader.open(piece)
        while (reader.fill(columns));
      })
      bareMs.push(systemClock.nowMs() - startMs)
    }
    const firstFetchMs = second.timeOf('Fetch of the source', 'after it is sent')!
    return {
      consumed: ends.reduce((sum, end) => sum + end, 0),
      toFirstRequestMs: second.events[0]!.atMs - diedMs,
      toOwnerMs: second.timeOf('InitProducerId', 'after it is sent')! - diedMs,
      toLoadedMs: second.timeOf('OffsetFetch', 'before its answer is handled')! - diedMs,
      totalMs: second.timeOf('EndTxn', 'before its answer is handled')! - diedMs,
      rereadMs: second.firstOutputMs! - firstFetchMs,
      bareMs,
    }
  } finally {
    await cluster.close()
  }
}
