import static org.apache.kafka.common.serialization.Serdes.ByteArray;

import java.util.Arrays;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/**
 * Merges the parts of each customer, measures that and prints the measurement.
 *
 * <p>Usage: {@code Correlation <source> <sink> <partitions> <merges> <setting=value>...}
 */
public final class Correlation {
  public static void main(String[] arguments) throws Exception {
    var source = arguments[0];
    var sink = arguments[1];
    var partitions = Integer.parseInt(arguments[2]);
    var merges = Long.parseLong(arguments[3]);
    var settings = new Properties();
    Arrays.stream(arguments).skip(4).map(word -> word.split("=", 2)).forEach(pair -> settings.put(pair[0], pair[1]));

    var measurement = new Measurement(Long.parseLong(settings.getProperty("commit.interval.ms")));
    try (var streams = new KafkaStreams(topology(source, sink, partitions, measurement), settings);
        var admin = Admin.create(settings)) {
      streams.setUncaughtExceptionHandler(
          error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return null;
          });
      streams.start();
      System.out.println(measurement.await(admin, sink, partitions, merges));
    }
  }

  /** The store is kept in memory and logged to its changelog topic. */
  private static Topology topology(String source, String sink, int partitions, Measurement measurement) {
    var pending = Stores.inMemoryKeyValueStore(Merge.STORE);
    var byCustomer = Repartitioned.with(ByteArray(), ByteArray()).withName("by-customer");
    var builder = new StreamsBuilder();
    builder.addStateStore(Stores.keyValueStoreBuilder(pending, ByteArray(), ByteArray()));
    builder.stream(source, Consumed.with(ByteArray(), ByteArray()))
        .process(() -> new Rekey(measurement))
        .repartition(byCustomer.withNumberOfPartitions(partitions))
        .process(() -> new Merge(measurement), Merge.STORE)
        .to(sink, Produced.with(ByteArray(), ByteArray()));
    return builder.build();
  }
}
