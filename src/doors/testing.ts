/**
 * `millrace/testing`: topologies without a broker, the same under crashes, time that a test moves, probes for actors, and
 * a checker for histories of transactions.
 */
import '../core/checked-node.ts'
export type { Clock, Timer } from '../core/clock.ts'
export type { Account, DeadLetter, Origin, PartitionAccount, PartitionPlace, Topology } from '../streams/index.ts'
export {
  type ActorProbe,
  type Anomaly,
  type AnomalyKind,
  checkHistory,
  type DriveOptions,
  type DrivenDeadLetter,
  type DrivenRecord,
  driveTopology,
  type FillTable,
  type GiveOptions,
  HistoryRecorder,
  type ObservedTransaction,
  type Operation,
  probeActors,
  type SimulatedRecord,
  simulateTopology,
  type SimulationOptions,
  type SimulationOutcome,
  type SimulationReport,
  type TopologyDriver,
  type TransactionRecorder,
  VirtualClock,
} from '../testing/index.ts'
