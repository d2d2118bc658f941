import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** From the first record processed to the last merge that a read_committed consumer can read. */
final class Measurement {
  private static final long POLL_MS = 20;
  private static final long SETTLE_MS = 2_000;
  private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private final AtomicBoolean hasBegun = new AtomicBoolean();
  private final LongAdder mergedRecords = new LongAdder();
  private final long settleNs;
  private volatile long startNs;
  private volatile long startCpuNs;

  /** A last commit, an interval after the last merge, may move the end of the sink once more. */
  Measurement(long commitIntervalMs) {
    settleNs = TimeUnit.MILLISECONDS.toNanos(SETTLE_MS + commitIntervalMs);
  }

  void begin() {
    if (hasBegun.get() || !hasBegun.compareAndSet(false, true)) return;
    startNs = System.nanoTime();
    startCpuNs = system.getProcessCpuTime();
  }

  void merged() {
    mergedRecords.increment();
  }

  /** Waits until all is merged and the end of the sink stands still; returns the measurement as JSON. */
  String await(Admin admin, String sink, int partitions, long merges)
      throws ExecutionException, InterruptedException, IOException {
    var asked =
        IntStream.range(0, partitions)
            .mapToObj(partition -> new TopicPartition(sink, partition))
            .collect(Collectors.toMap(partition -> partition, partition -> OffsetSpec.latest()));
    var end = -1L;
    var movedNs = System.nanoTime();
    var movedCpuNs = 0L;
    while (mergedRecords.sum() < merges || System.nanoTime() - movedNs < settleNs) {
      var now = sumOfEnds(admin, asked);
      if (now != end) {
        movedNs = System.nanoTime();
        movedCpuNs = system.getProcessCpuTime();
      }
      end = now;
      Thread.sleep(POLL_MS);
    }
    var seconds = (movedNs - startNs) / 1e9;
    return "{\"correlationRate\":%.0f,\"cpuSeconds\":%.3f,\"peakRssBytes\":%d}"
        .formatted(merges / seconds, (movedCpuNs - startCpuNs) / 1e9, peakRssBytes());
  }

  private static long sumOfEnds(Admin admin, Map<TopicPartition, OffsetSpec> asked)
      throws ExecutionException, InterruptedException {
    var ends = admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all().get();
    return ends.values().stream().mapToLong(end -> end.offset()).sum();
  }

  private static long peakRssBytes() throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      var peak = lines.filter(line -> line.startsWith("VmHWM:")).findFirst().orElseThrow();
      return Long.parseLong(peak.replaceAll("\\D", "")) * 1024;
    }
  }
}
