import type { PlanDescription } from '../streams/index.ts'

type Stages = PlanDescription['stages']
type Sinks = PlanDescription['sinks']
type Expiry = NonNullable<PlanDescription['correlate']['expiry']>

/** A program's operators for people, from the sources to the sink. */
export function planText({
  name,
  layout,
  tasks,
  sources,
  stages,
  correlate,
  windows,
  steps,
  branch,
  sinks,
  tables = [],
  lookups = [],
  next,
  ...topics
}: PlanDescription): string {
  const { deadLetterTopic, checkpointTopic } = topics
  const arePartsRead = sources.every(({ decode }) => decode === 'parts')
  const keysDiffer = new Set(stages.map(({ key }) => key)).size > 1
  return [
    `topology ${name}`,
    ...sources.flatMap((source) => sourceLines(source, deadLetterTopic)),
    // What routes the parts that are read here has told of the stages.
    ...(arePartsRead ? [] : stages.map((stage) => `   ├─ stage ${stageText(stage, keysDiffer)}`)),
    ...(layout === 'routed'
      ? [`   └─ each part to the partition of its merge key, ${correlate.by}`]
      : windows === undefined
        ? [
            `   └─ correlate ${correlate.id} by ${correlate.by} of ${stages.map((stage) => stage.name).join(', ')}`,
            ...correlateLines(correlate, deadLetterTopic).map((line) => `      │  ${line}`),
          ]
        : [
            `   └─ group ${correlate.id} by ${correlate.by}, ${windows.aggregate} in windows`,
            `      │  ${windowsText(windows, deadLetterTopic)}`,
          ]),
    ...steps.map(({ id, kind }) => `      ├─ ${kind} ${id}`),
    ...(branch === undefined ? [] : [`      ├─ branch ${branch.id} by a function`]),
    ...sinks.map((sink, index) => `      ${index === sinks.length - 1 ? '└' : '├'}─ sink ${sinkText(sink)}`),
    ...tables.map(({ name: table, key, value }) => `table ${table} of ${key} keys and ${value} values`),
    ...lookups.map(
      ({ name: table, topic, key, value }) =>
        `table ${table} of ${key} keys and ${value} values, filled by topic ${topic}`,
    ),
    layout === undefined
      ? `group and transactional id ${name}, checkpoint in ${checkpointTopic}`
      : `layout ${layout}: a task for each partition, checkpoints in ${checkpointTopic}, group ${name}`,
    ...(tasks === undefined ? [] : [`${tasks} tasks in the next one`]),
    ...(next === undefined ? [] : [planText(next)]),
  ].join('\n')
}

function windowsText(windows: NonNullable<PlanDescription['windows']>, deadLetterTopic: string): string {
  const { graceMs, results, late } = windows
  const lateText = late === 'drop' ? 'late records are dropped' : `late records go to ${deadLetterTopic}`
  const changes = results === 'changes' ? ', a result with each record' : ''
  return `${lengthText(windows)}${changes}, each closes ${graceMs} ms after its end; ${lateText}`
}

function lengthText({ sizeMs, advanceMs, gapMs, timeDifferenceMs }: NonNullable<PlanDescription['windows']>): string {
  if (gapMs !== undefined) return `with gaps of ${gapMs} ms at most`
  if (timeDifferenceMs !== undefined) return `of records within ${timeDifferenceMs} ms of one another`
  return `of ${sizeMs} ms${advanceMs === sizeMs ? '' : `, one every ${advanceMs} ms`}`
}

function sourceLines(
  { id, topic, from, recordsPerSecondMax: max, decode, steps, route }: PlanDescription['sources'][number],
  deadLetterTopic: string,
): string[] {
  const way = route.side === undefined ? `route ${route.id} by ${route.by}; others to ${deadLetterTopic}` : route.by
  const values = decode === 'JSON' ? '' : `: ${decode}`
  const stepLines = steps.filter(({ kind }) => kind !== 'decode').map((step) => `├─ ${step.kind} ${step.id}`)
  const start = from === 'earliest' ? '' : `, a new program begins at: ${from}`
  const pace = max === undefined ? '' : `, at most ${max} records a second`
  return [`source ${id} (topic ${topic}${values})${start}${pace}`, ...stepLines, `└─ ${way}`]
}

function stageText(stage: Stages[number], hasOwnKey: boolean): string {
  const { name, key, keeps, parts, isOptional, hasSchema, isDeterministic, version } = stage
  const facts = [
    ...(hasOwnKey ? [`key is ${key}`] : []),
    `keeps ${keeps}`,
    ...(parts === 'the first' ? [] : [`of several parts ${parts}`]),
    ...(isOptional ? ['optional'] : []),
    ...(hasSchema ? ['checked by a schema'] : []),
    ...(isDeterministic ? [] : ['not deterministic: parts are promoted to the checkpoint']),
    ...(version === 1 ? [] : [`version ${version}`]),
  ]
  return `${name}: ${facts.join(', ')}`
}

function sinkText({ id, topic, key, headers, timestamp, partition, compression, traceContext }: Sinks[number]): string {
  const facts = [
    ...(key === 'mergeKey' ? [] : [`key ${key}`]),
    ...(headers === 'a function' ? ['headers by a function'] : headers.map((name) => `header ${name}`)),
    ...(timestamp === 'greatest' ? [] : [`timestamp ${timestamp}`]),
    ...(partition === 'by the key' ? [] : ['partition by a function']),
    ...(compression === 'none' ? [] : [compression]),
    ...(traceContext ? ['carries a trace on'] : []),
  ]
  return [`${id} (topic ${topic})`, ...facts].join(', ')
}

function expiryText({ topic, topics = {} }: Expiry, deadLetterTopic: string): string {
  const bySide = Object.entries(topics).map(([side, each]) => `${each} without ${side}`)
  return [...bySide, topic ?? deadLetterTopic].join(', else ')
}

function correlateLines(correlate: PlanDescription['correlate'], deadLetterTopic: string): string[] {
  const { withinMs, atLeast, expiry, whenFull, memory } = correlate
  return [
    ...(atLeast === undefined ? [] : [`${atLeast} of the sides are enough for a merge`]),
    ...(withinMs === undefined ? [] : [`merges wait ${withinMs} ms for optional sides`]),
    ...(expiry
      ? [`incomplete keys expire after ${expiry.afterMs} ms (${expiry.by}) to ${expiryText(expiry, deadLetterTopic)}`]
      : []),
    ...(whenFull === 'promote' ? ['the oldest incomplete keys leave memory when the table is full'] : []),
    ...(whenFull === 'expire-oldest' ? ['the oldest incomplete keys leave when the table is full'] : []),
    ...(memory ? [`the last ${memory.keysMax} merged keys are remembered for ${memory.forMs} ms (${memory.by})`] : []),
  ]
}
