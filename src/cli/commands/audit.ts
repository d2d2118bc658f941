import { MillraceError } from '../../core/errors.ts'
import { audit as auditApp, type AuditReport } from '../../streams/index.ts'
import { readingCommandOptions, readingOf } from '../app-command.ts'
import { auditText } from '../audit-text.ts'
import { defineCommand, exitCodes } from '../command.ts'

const exitCodeOf = {
  proved: exitCodes.done,
  provedAsSeen: exitCodes.done,
  wrong: exitCodes.failed,
  unproved: exitCodes.unfinished,
} as const satisfies Record<AuditReport['verdict'], number>

export const audit = defineCommand({
  operands: [],
  options: readingCommandOptions,
  usual: { app: 'orders', bootstrapServers: 'localhost:9092', json: true },
  example: '--app orders --bootstrap-servers localhost:9092',
  async run({ options, output }) {
    try {
      const report = await auditApp(readingOf(options, output))
      output.result(report, auditText(report))
      return exitCodeOf[worstVerdict(report)]
    } catch (error) {
      if (!MillraceError.is(error) || error.code !== 'KAFKA_TRANSACTION_OPEN') throw error
      // Nothing is wrong by what could be read.
      output.error(error)
      return exitCodes.unfinished
    }
  },
})

/** From the worst to the best. */
const verdicts = ['wrong', 'unproved', 'provedAsSeen', 'proved'] as const satisfies AuditReport['verdict'][]

/** Of all subtopologies. */
function worstVerdict({ verdict, next }: AuditReport): AuditReport['verdict'] {
  const found = [verdict, ...(next === undefined ? [] : [worstVerdict(next)])]
  return verdicts.find((each) => found.includes(each))!
}
