import { processes as listProcesses } from '../../streams/index.ts'
import { appCommandOptions, appOf } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { rangesText } from '../ranges-text.ts'

export const processes = defineCommand({
  operands: [],
  options: appCommandOptions,
  usual: { app: 'orders', bootstrapServers: 'localhost:9092', json: true },
  example: '--app orders --bootstrap-servers localhost:9092',
  async run({ options, output }) {
    const { app } = options
    const listed = await listProcesses(appOf(options, output))
    const lines = listed.map(({ role, host, pid, memberId, tasks = [], standbyTasks = [] }) => {
      const process = pid === undefined ? '' : `  process ${pid}`
      const own = tasks.length === 0 ? '' : `  tasks ${rangesText(tasks)}`
      const copies = standbyTasks.length === 0 ? '' : `  copies of ${rangesText(standbyTasks)}`
      return `  ${role.padEnd('standby'.length)}  ${host}${process}${own}${copies}  ${memberId}`
    })
    const title = listed.length === 0 ? `${app}: no process runs` : app
    output.result({ app, processes: listed }, [title, ...lines].join('\n'))
    return exitCodes.done
  },
})
