import { revocationSuite } from './revocation.integration.ts'
import { standbySuite } from './standby.integration.ts'
import { takeoverSuite } from './takeover.integration.ts'
import { tasksSuite } from './tasks.integration.ts'
import { onEachBroker } from './target.ts'

onEachBroker([standbySuite, takeoverSuite, revocationSuite, tasksSuite])
