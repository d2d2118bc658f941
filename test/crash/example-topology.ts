/** A program with a model under another name, on topics that are called after that. */
import { renamed } from '../examples/renamed.ts'
import { campaignProgram } from './campaign-programs.ts'

const { BENCH_APP, BENCH_EXAMPLE } = process.env

export default renamed(campaignProgram(BENCH_EXAMPLE!).topology, BENCH_APP!)
