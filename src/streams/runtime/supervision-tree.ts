import { supervisor, type SupervisorOptions, type SupervisorSpec } from '../../actors/index.ts'
import { correlate } from '../operators/correlate.ts'
import { restore } from '../operators/restore.ts'
import { route } from '../operators/route.ts'
import { sink } from '../operators/sink.ts'
import { source } from '../operators/source.ts'
import { stageOf } from '../operators/stage.ts'
import type { Pipeline } from './pipeline.ts'
import { stageId } from '../topology/plan.ts'

/** Time for a function that is under way when its stage is stopped: what it still makes is not used. */
const stageShutdownMs = 100

/** Crashes of the pipeline's own actors that are mended by going back to the last epoch, before the program gives up. */
const restarts = { maxRestarts: 5, withinMs: 60_000, backoff: { initialMs: 100, maxMs: 5_000 } } as const

/**
 * The supervision tree. The route and each stage restart alone, because they hold nothing; when anything else crashes, all
 * restart, which rolls the epoch back: the correlation undoes the table and the source reads again from the last committed
 * offsets.
 */
export function supervisionTree(pipeline: Pipeline): SupervisorSpec {
  const { plan } = pipeline
  return supervisor({
    name: plan.name,
    strategy: 'oneForAll',
    ...restarts,
    children: [
      { start: supervisor({ name: 'sinks', maxRestarts: 0, children: [{ start: sink(pipeline) }] }) },
      { start: correlate(pipeline) },
      ...partMakers(pipeline, {}),
    ],
  })
}

/** The same of a standby, which takes in what waits and no more: what cannot be mended ends it. */
export function standbyTree(pipeline: Pipeline): SupervisorSpec {
  const { name } = pipeline.plan
  const none = { maxRestarts: 0 }
  return supervisor({ name, ...none, children: [{ start: restore(pipeline) }, ...partMakers(pipeline, none)] })
}

/** From the source to the parts. */
function partMakers(pipeline: Pipeline, restarts: Pick<SupervisorOptions, 'maxRestarts'>) {
  const { plan } = pipeline
  return [
    ...plan.sides.map(({ name }, index) => ({
      start: supervisor({
        name: `supervisor-${stageId(name)}`,
        ...restarts,
        children: [{ start: stageOf(pipeline, index), shutdownMs: stageShutdownMs }],
      }),
    })),
    { start: supervisor({ name: `supervisor-${plan.route.id}`, ...restarts, children: [{ start: route(pipeline) }] }) },
    { start: source(pipeline) },
  ]
}
