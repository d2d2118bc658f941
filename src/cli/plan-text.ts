import type { PlanDescription } from '../streams/index.ts'

/** A program's operators for people, from the source to the sink. */
export function planText({ name, source, route, stages, correlate, sink, ...topics }: PlanDescription): string {
  const { deadLetterTopic, checkpointTopic } = topics
  return [
    `topology ${name}`,
    `source ${source.id} (topic ${source.topic})`,
    `└─ route ${route.id} by ${route.by}; others to ${deadLetterTopic}`,
    ...stages.map((stage) => `   ├─ stage ${stageText(stage)}`),
    `   └─ correlate ${correlate.id} by ${correlate.by} of ${stages.map((stage) => stage.name).join(', ')}`,
    ...correlateLines(correlate, deadLetterTopic).map((line) => `      │  ${line}`),
    `      └─ sink ${sink.id} (topic ${sink.topic})`,
    `group and transactional id ${name}, checkpoint in ${checkpointTopic}`,
  ].join('\n')
}

function stageText({ name, keeps, hasSchema, isDeterministic, version }: PlanDescription['stages'][number]): string {
  const facts = [
    `keeps ${keeps}`,
    ...(hasSchema ? ['checked by a schema'] : []),
    ...(isDeterministic ? [] : ['not deterministic: parts are promoted to the checkpoint']),
    ...(version === 1 ? [] : [`version ${version}`]),
  ]
  return `${name}: ${facts.join(', ')}`
}

function correlateLines({ expiry, memory }: PlanDescription['correlate'], deadLetterTopic: string): string[] {
  return [
    ...(expiry
      ? [`incomplete keys expire after ${expiry.afterMs} ms (${expiry.by}) to ${expiry.topic ?? deadLetterTopic}`]
      : []),
    ...(memory ? [`the last ${memory.keysMax} merged keys are remembered for ${memory.forMs} ms (${memory.by})`] : []),
  ]
}
