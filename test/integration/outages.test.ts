import { outages } from './outages.integration.ts'
import { onEachBroker } from './target.ts'

onEachBroker([outages])
