import { onEachBroker } from '../integration/target.ts'
import { servedPrograms } from './served-programs.integration.ts'

onEachBroker([servedPrograms])
