import { faultsSuite } from './faults.transactions.ts'
import { livesSuite } from './lives.transactions.ts'
import { onEachBroker } from './target.ts'

onEachBroker([faultsSuite, livesSuite])
