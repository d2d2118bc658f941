/** Programs that go on from their checkpoint, and what they keep in it. */
import { inTurns } from '../crash/in-turns.ts'
import { coldParts } from './cold-parts.integration.ts'
import { computedParts } from './computed-parts.integration.ts'
import { decodedSources } from './decoded-sources.integration.ts'
import { growth } from './growth.integration.ts'
import { lookupTables } from './lookup-tables.integration.ts'
import { acceptedLoss } from './loss.integration.ts'
import { readsOfPendingRows } from './pending-reads.integration.ts'
import { promotion } from './promotion.integration.ts'
import { restoration } from './restoration.integration.ts'
import { severalSources } from './several-sources.integration.ts'
import { tablesOfPrograms } from './tables.integration.ts'
import { onEachBroker } from './target.ts'
import { throttledSources } from './throttled-sources.integration.ts'
import { warmStandbys } from './warm-standby.integration.ts'
import { windows } from './windows.integration.ts'

onEachBroker([
  restoration,
  acceptedLoss,
  warmStandbys,
  readsOfPendingRows,
  tablesOfPrograms,
  inTurns([
    severalSources,
    throttledSources,
    decodedSources,
    promotion,
    coldParts,
    computedParts,
    growth,
    lookupTables,
    windows,
  ]),
])
