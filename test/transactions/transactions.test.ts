import { faultsSuite } from './faults.integration.ts'
import { livesSuite } from './lives.integration.ts'
import { onEachBroker } from './target.ts'

onEachBroker([faultsSuite, livesSuite])
