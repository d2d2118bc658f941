import type { CheckedTopic, TopicsCheck } from '../streams/index.ts'

/** What a start of a program would find, for people: each topic, and the commands that grant what is missing. */
export function topicsText({ app, isReady, topics, grants }: TopicsCheck): string {
  const nameWidth = Math.max(...topics.map(({ topic }) => topic.length))
  const useWidth = Math.max(...topics.map(({ use }) => use.length))
  const lines = topics.flatMap((topic) => [
    `  ${topic.topic.padEnd(nameWidth)}  ${topic.use.padEnd(useWidth)}  ${stateText(topic)}`,
    ...[...(topic.problem === undefined ? [] : [topic.problem]), ...topic.warnings].map((text) => `    ${text}`),
  ])
  return [
    `${app}: ${isReady ? 'a start finds all that it needs' : 'a start would FAIL'}`,
    ...lines,
    ...(grants.length === 0 ? [] : ['rights are missing, which these commands grant:', ...grants]),
  ].join('\n')
}

function stateText({ state, partitions, problem }: CheckedTopic): string {
  if (state === 'absent') return 'not there, and created at the start'
  if (state === 'missing') return 'MISSING, or not to be seen with these rights'
  const count = partitions === undefined ? 'there' : `${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`
  return problem === undefined ? count : `${count}, UNFIT`
}
