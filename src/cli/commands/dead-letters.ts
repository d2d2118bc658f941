import { deadLetters as readDeadLetters, letterOptions } from '../../streams/index.ts'
import { readingCommandOptions, readingOf } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { lettersText } from '../letters-text.ts'

export const deadLetters = defineCommand({
  operands: [],
  options: { ...readingCommandOptions, ...letterOptions },
  usual: { app: 'orders', bootstrapServers: 'localhost:9092', reason: 'NOT_JSON', limit: 10, json: true },
  example: '--app orders --bootstrap-servers localhost:9092',
  async run({ options, output }) {
    const { reason, limit } = options
    const letters = await readDeadLetters({ ...readingOf(options, output), reason, limit })
    output.result({ app: options.app, deadLetters: letters }, lettersText(options.app, letters))
    return exitCodes.done
  },
})
