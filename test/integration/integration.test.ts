import { poisonedRecords } from './records.integration.ts'
import { foreignSources } from './sources.integration.ts'
import { stageFunctionFailures } from './stage-functions.integration.ts'
import { onEachBroker } from './target.ts'

onEachBroker([stageFunctionFailures, poisonedRecords, foreignSources])
