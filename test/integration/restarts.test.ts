/** Programs that go on from their checkpoint, and what operators ask of it. */
import { inTurns } from '../crash/in-turns.ts'
import { audits } from './audit.integration.ts'
import { coldParts } from './cold-parts.integration.ts'
import { decodedSources } from './decoded-sources.integration.ts'
import { explanations } from './explain.integration.ts'
import { growth } from './growth.integration.ts'
import { acceptedLoss } from './loss.integration.ts'
import { relayouts } from './relayout.integration.ts'
import { expiringTasks, keyedLayout } from './keyed.integration.ts'
import { routedLayout } from './routed.integration.ts'
import { packedTasks } from './packed-tasks.integration.ts'
import { computedParts } from './computed-parts.integration.ts'
import { programMembers } from './program-members.integration.ts'
import { promotion } from './promotion.integration.ts'
import { redrivenLetters, redriving } from './redrive.integration.ts'
import { redrivenTasks } from './redriven-tasks.integration.ts'
import { redrivenFlatMaps } from './redriven-flat-maps.integration.ts'
import { resets } from './reset.integration.ts'
import { restoration } from './restoration.integration.ts'
import { severalSources } from './several-sources.integration.ts'
import { copiesInOtherGroups, limitedCopies, standbyTasks } from './standby-tasks.integration.ts'
import { onEachBroker, onEmbeddedBroker } from './target.ts'
import { lookupTables } from './lookup-tables.integration.ts'
import { readsOfPendingRows } from './pending-reads.integration.ts'
import { tablesOfPrograms } from './tables.integration.ts'
import { throttledSources } from './throttled-sources.integration.ts'
import { windows } from './windows.integration.ts'
import { warmStandbys } from './warm-standby.integration.ts'

onEachBroker([
  restoration,
  acceptedLoss,
  keyedLayout,
  routedLayout,
  warmStandbys,
  resets,
  readsOfPendingRows,
  tablesOfPrograms,
  inTurns([
    severalSources,
    throttledSources,
    decodedSources,
    promotion,
    coldParts,
    computedParts,
    relayouts,
    programMembers,
    growth,
    audits,
    explanations,
    redriving,
    lookupTables,
    windows,
    standbyTasks,
    expiringTasks,
    ...redrivenTasks,
    ...packedTasks,
  ]),
])
onEmbeddedBroker([redrivenLetters, redrivenFlatMaps, limitedCopies])
copiesInOtherGroups()
