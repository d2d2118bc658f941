import type { Topic } from '../../kafka/index.ts'
import { lookupShape, type Manifest, type NextSubtopology } from '../checkpoint/manifest.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import { expiryTopics } from '../topology/plan-leaving.ts'
import type { Plan } from '../topology/plan.ts'
import { isSpread } from '../topology/sink.ts'
import { topicsBetween } from '../topology/subtopologies.ts'

/** What a manifest says of the program itself, after what it said before of where its output is. */
export function descriptionOf(plan: Plan, topics: readonly Topic[], before?: Manifest) {
  const { expiry } = plan.correlate
  const present = [...plan.sinks.map(({ topic }) => topic), ...expiryTopics(expiry)]
  const outputs = [...new Set([...(before?.outputs ?? []), ...present])]
  const outputIds = { ...Object.fromEntries(topics.map(({ name, id }) => [name, id])), ...before?.outputIds }
  const spread = [...new Set([...(before?.spread ?? []), ...plan.sinks.filter(isSpread).map(({ topic }) => topic)])]
  return {
    topology: shapeOf(plan),
    outputs,
    outputIds,
    ...(spread.length > 0 && { spread }),
    expiry,
    ...(plan.lookups.length > 0 && { lookups: plan.lookups.map(lookupShape) }),
    ...(plan.next && { next: nextOf(plan.next.name, topicsBetween(plan)) }),
  }
}

function nextOf(app: string, [topic, ...others]: readonly string[]): NextSubtopology {
  return { app, topic: topic!, ...(others.length > 0 && { others }) }
}
