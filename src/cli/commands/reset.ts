import { type Remains, reset as resetApp } from '../../streams/index.ts'
import { appCommandOptions, appOf } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'

export const reset = defineCommand({
  operands: [],
  options: {
    ...appCommandOptions,
    yes: { type: 'boolean', default: false, flag: '--yes', doc: 'Do it.' },
  },
  usual: { app: 'orders', bootstrapServers: 'localhost:9092', yes: true, json: true },
  example: '--app orders --yes --bootstrap-servers localhost:9092',
  async run({ options, output }) {
    const { app, yes } = options
    const remains = await resetApp({ ...appOf(options, output), dryRun: !yes })
    const deleted = deletedWith(remains).join(' and ')
    const text = [
      yes ? `deleted ${deleted}` : `${deleted} would be deleted; nothing has been done: give --yes to do it`,
      `The next start ${yes ? 'reads' : 'would read'} the source from the start of its log. What was published, and ${app}.dead-letter, stay`,
      'as they are: their records come a second time, unless those topics are emptied before.',
    ].join('\n')
    output.result({ ...remains, isDone: yes }, text)
    return yes ? exitCodes.done : exitCodes.unfinished
  },
})

function deletedWith({ group, checkpointTopic, redriveTopic, internalTopics = [], next }: Remains): string[] {
  return [
    ...(checkpointTopic === undefined ? [] : [`topic ${checkpointTopic}`]),
    ...(redriveTopic === undefined ? [] : [`topic ${redriveTopic}`]),
    ...(group === undefined ? [] : [`group ${group} with its offsets`]),
    ...internalTopics.map((topic) => `topic ${topic}`),
    ...(next === undefined ? [] : deletedWith(next)),
  ]
}
