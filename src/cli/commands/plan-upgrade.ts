import { planUpgrade as plan, type UpgradePlan } from '../../streams/index.ts'
import { checkpointCommandOptions, checkpointOf } from '../app-command.ts'
import { defineCommand, exitCodes } from '../command.ts'
import { loadTopology } from '../load-topology.ts'
import { upgradeText } from '../upgrade-text.ts'

export const planUpgrade = defineCommand({
  operands: ['topology.ts'],
  options: checkpointCommandOptions,
  usual: { bootstrapServers: 'localhost:9092', json: true },
  example: 'orders.ts --bootstrap-servers localhost:9092',
  async run({ options, operands, output }) {
    const topology = await loadTopology(operands[0]!)
    const upgrade = await plan({ ...checkpointOf(options, output), topology })
    output.result(upgrade, upgradeText(upgrade))
    return isRefused(upgrade) ? exitCodes.failed : exitCodes.done
  },
})

/** A program starts as a whole, or not at all. */
function isRefused({ verdict, next }: UpgradePlan): boolean {
  return verdict === 'refused' || (next !== undefined && isRefused(next))
}
