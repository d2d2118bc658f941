/**
 * Stage: makes the parts of one side where a function or a schema has to see the record; else it passes the batch on.
 *
 * All stages get every batch and each looks at its own rows; the last one to finish passes the batch to the correlation.
 * As each stage takes batches in order, so does the correlation.
 * State: a runner, and the failed attempts, which outlive restarts. What is done in a batch is not done again, so a stage
 * that was restarted takes it up where it was.
 * Cost per record: one parse, the function, and writing its result as JSON; nothing without a function and schema.
 */
import { type ActorContext, defineActor } from '../../actors/index.ts'
import type { CorrelateMessage, RowsMessage } from '../messages.ts'
import type { Pipeline } from '../pipeline.ts'
import { PoisonError, PoisonLedger } from '../poison.ts'
import type { RowBatch } from '../row-batch.ts'
import { StageRunner } from '../stage-runner.ts'

/** Id of the actor of a side's stage. */
export const stageId = (side: string) => `stage-${side}`

export const stageOf = (pipeline: Pipeline, sideIndex: number) => {
  const side = pipeline.plan.sides[sideIndex]!
  const ledger = new PoisonLedger({
    operator: stageId(side.name),
    attemptsMax: pipeline.options.stageAttempts,
    consecutiveMax: pipeline.options.maxConsecutivePoison,
  })
  return defineActor<RowsMessage, StageRunner>({
    name: stageId(side.name),
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    countsAgainstIntensity: (error) => !(error instanceof PoisonError),
    init: () => new StageRunner(side, sideIndex, pipeline.topics.source.name, ledger),
    handle: {
      rows(runner, { batch }, context) {
        if (batch.incarnation !== pipeline.incarnation) return
        if (side.isActive) return runner.run(batch).then(() => passOn(pipeline, batch, context))
        return passOn(pipeline, batch, context)
      },
    },
  })
}

function passOn({ plan }: Pipeline, batch: RowBatch, context: ActorContext<RowsMessage>): Promise<void> | undefined {
  if (--batch.stagesLeft > 0) return undefined
  return context.ref<CorrelateMessage>(plan.correlate.id).tell({ type: 'rows', batch })
}
