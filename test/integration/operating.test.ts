/** What operators ask of programs, and have them do. */
import { inTurns } from '../crash/in-turns.ts'
import { audits } from './audit.integration.ts'
import { explanations } from './explain.integration.ts'
import { redrivenFlatMaps } from './redriven-flat-maps.integration.ts'
import { redrivenLetters, redriving } from './redrive.integration.ts'
import { resets } from './reset.integration.ts'
import { onEachBroker, onEmbeddedBroker } from './target.ts'

onEachBroker([resets, inTurns([audits, explanations, redriving])])
onEmbeddedBroker([redrivenLetters, redrivenFlatMaps])
