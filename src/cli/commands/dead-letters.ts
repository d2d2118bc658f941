import { deadLetters as readDeadLetters, letterOptions } from '../../streams/index.ts'
import { readingCommandOptions, readingOf } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { lettersText, wholeLettersText } from '../letters-text.ts'

export const deadLetters = defineCommand({
  operands: [],
  options: { ...readingCommandOptions, ...letterOptions },
  usual: { app: 'orders', bootstrapServers: 'localhost:9092', reason: 'NOT_JSON', limit: 10, origin: '3@17' },
  example: '--app orders --bootstrap-servers localhost:9092',
  async run({ options, output }) {
    const { reason, limit, origin } = options
    const letters = await readDeadLetters({ ...readingOf(options, output), reason, limit, origin })
    const text = origin === undefined ? lettersText(options.app, letters) : wholeLettersText(options.app, letters)
    output.result({ app: options.app, deadLetters: letters }, text)
    return exitCodes.done
  },
})
