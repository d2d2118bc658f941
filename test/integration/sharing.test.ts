/** Programs whose members share the work, and those that change to that. */
import { inTurns } from '../crash/in-turns.ts'
import { expiringTasks, keyedLayout } from './keyed.integration.ts'
import { packedTasks } from './packed-tasks.integration.ts'
import { programMembers } from './program-members.integration.ts'
import { redrivenTasks } from './redriven-tasks.integration.ts'
import { relayouts } from './relayout.integration.ts'
import { rememberedTasks } from './remembered-tasks.integration.ts'
import { routedLayout, routedTimes } from './routed.integration.ts'
import { copiesInOtherGroups, limitedCopies, standbyTasks } from './standby-tasks.integration.ts'
import { onEachBroker, onEmbeddedBroker } from './target.ts'

onEachBroker([
  keyedLayout,
  routedLayout,
  inTurns([
    relayouts,
    programMembers,
    standbyTasks,
    expiringTasks,
    rememberedTasks,
    routedTimes,
    ...redrivenTasks,
    ...packedTasks,
  ]),
])
onEmbeddedBroker([limitedCopies])
copiesInOtherGroups()
