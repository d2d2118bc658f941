import { audit as auditApp, type AuditReport, runOptions } from '../../streams/index.ts'
import { appOptions, atCluster } from '../app-command.ts'
import { auditText } from '../audit-text.ts'
import { defineCommand, exitCodes } from '../command.ts'

const exitCodeOf = {
  proved: exitCodes.done,
  wrong: exitCodes.failed,
  unproved: exitCodes.unfinished,
} as const satisfies Record<AuditReport['verdict'], number>

export const audit = defineCommand({
  name: 'audit',
  summary: 'Proves from the broker alone that every offset an application has consumed has exactly one class.',
  operands: [],
  options: { ...appOptions, decompressedBytesMax: runOptions.decompressedBytesMax },
  async run({ options, output }) {
    const report = await atCluster(options, output, (cluster) => auditApp(cluster, options))
    output.result(report, auditText(report))
    return exitCodeOf[report.verdict]
  },
})
