import { describePlan, planTopology } from '../../streams/index.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'
import { loadTopology } from '../load-topology.ts'
import { planText } from '../plan-text.ts'

export const describe = defineCommand({
  operands: ['topology.ts'],
  options: { ...jsonOption },
  usual: { json: true },
  example: 'orders.ts',
  async run({ operands, output }) {
    const plan = describePlan(planTopology(await loadTopology(operands[0]!)))
    output.result(plan, planText(plan))
    return exitCodes.done
  },
})
