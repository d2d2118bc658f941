/** Programs from their start to their end, and records of all kinds. */
import { inTurns } from '../crash/in-turns.ts'
import { bytesLeaveAsTheyCame } from './bytes.integration.ts'
import { failingFunctions } from './failing-functions.integration.ts'
import { loggedDeadLetters, logs } from './logs.integration.ts'
import { mergedFunctions } from './merged-functions.integration.ts'
import { orderIndependence } from './order.integration.ts'
import { poisonedRecords } from './records.integration.ts'
import { programsOfOneName } from './same-name.integration.ts'
import { foreignSources } from './sources.integration.ts'
import { severalCorrelations } from './several-correlations.integration.ts'
import { severalParts } from './several-parts.integration.ts'
import { stageFunctionFailures } from './stage-functions.integration.ts'
import { stalledFunctions } from './stalled-functions.integration.ts'
import { sinks } from './sinks.integration.ts'
import { invalidTopologies, starting } from './start.integration.ts'
import { startPositions } from './start-position.integration.ts'
import { onEachBroker } from './target.ts'
import { topicSettings } from './topic-settings.integration.ts'
import { upgrades } from './upgrade.integration.ts'
import { programsInShards } from './shards.integration.ts'
import { workersThatEnd } from './workers.integration.ts'

invalidTopologies()
onEachBroker([
  starting,
  startPositions,
  topicSettings,
  programsOfOneName,
  stageFunctionFailures,
  failingFunctions,
  severalParts,
  sinks,
  poisonedRecords,
  bytesLeaveAsTheyCame,
  foreignSources,
  logs,
  loggedDeadLetters,
  inTurns([
    upgrades,
    severalCorrelations,
    mergedFunctions,
    stalledFunctions,
    workersThatEnd,
    programsInShards,
    orderIndependence,
  ]),
])
