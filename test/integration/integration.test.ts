import { audits } from './audit.integration.ts'
import { bytesLeaveAsTheyCame } from './bytes.integration.ts'
import { epochs } from './epochs.integration.ts'
import { wrongClocks } from './clock.integration.ts'
import { refusedTimestamps } from './timestamps.integration.ts'
import { explanations } from './explain.integration.ts'
import { failingFunctions } from './failing-functions.integration.ts'
import { acceptedLoss } from './loss.integration.ts'
import { logs } from './logs.integration.ts'
import { madeParts } from './made-parts.integration.ts'
import { growth } from './growth.integration.ts'
import { orderIndependence } from './order.integration.ts'
import { promotion } from './promotion.integration.ts'
import { quotas } from './quota.integration.ts'
import { poisonedRecords } from './records.integration.ts'
import { rememberedKeys } from './remembered.integration.ts'
import { programsOfOneName } from './same-name.integration.ts'
import { restoration } from './restoration.integration.ts'
import { resets } from './reset.integration.ts'
import { expiry } from './expiry.integration.ts'
import { foreignSources } from './sources.integration.ts'
import { stageFunctionFailures } from './stage-functions.integration.ts'
import { invalidTopologies, starting } from './start.integration.ts'
import { stalledFunctions } from './stalled-functions.integration.ts'
import { onEachBroker } from './target.ts'
import { topicSettings } from './topic-settings.integration.ts'
import { warmStandbys } from './warm-standby.integration.ts'

invalidTopologies()
onEachBroker([
  starting,
  topicSettings,
  programsOfOneName,
  stageFunctionFailures,
  failingFunctions,
  stalledFunctions,
  poisonedRecords,
  bytesLeaveAsTheyCame,
  orderIndependence,
  foreignSources,
  expiry,
  rememberedKeys,
  epochs,
  quotas,
  audits,
  explanations,
  resets,
  restoration,
  promotion,
  madeParts,
  acceptedLoss,
  growth,
  warmStandbys,
  logs,
  wrongClocks,
  refusedTimestamps,
])
