import { redrive as redriveLetters, redriveOptions } from '../../streams/index.ts'
import { readingCommandOptions, readingOf } from '../app-command.ts'
import { defineCommand, exitCodes, valuesIn } from '../command.ts'
import { redrivenOf, redriveText } from '../redrive-text.ts'

export const redrive = defineCommand({
  operands: [],
  options: {
    ...readingCommandOptions,
    ...redriveOptions,
    yes: { type: 'boolean', default: false, flag: '--yes', doc: 'Do it.' },
  },
  usual: { app: 'orders', bootstrapServers: 'localhost:9092', reason: 'STAGE_FAILED', yes: true, json: true },
  example: '--app orders --yes --bootstrap-servers localhost:9092',
  async run({ options, output }) {
    const choice = valuesIn(redriveOptions, options)
    const report = await redriveLetters({ ...readingOf(options, output), ...choice, dryRun: !options.yes })
    output.result(report, redriveText(report))
    return options.yes || redrivenOf(report) === 0 ? exitCodes.done : exitCodes.unfinished
  },
})
