import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * What Kafka Streams publishes of windows. A line `case <aggregate> <sizeMs> <advanceMs> <graceMs> <closed or changes>` begins a
 * case, or `session <aggregate> <gapMs> <graceMs>`, or `sliding <aggregate> <timeDifferenceMs> <graceMs> <closed or changes>`. `<key> <timestamp> <amount>` is a record of it, and `end` has it run: then its results are written, as
 * `<key> <start> <end> <value>`, and `end`.
 */
public final class Windows {
  public static void main(String[] arguments) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) run(line.split(" "), lines);
  }

  private static void run(String[] words, BufferedReader lines) throws Exception {
    var builder = new StreamsBuilder();
    var grouped = builder.stream("records", Consumed.with(Serdes.String(), Serdes.Integer())).groupByKey();
    if (words[0].equals("session")) {
      var sessions = SessionWindows.ofInactivityGapAndGrace(ms(words[2]), ms(words[3]));
      publish(aggregated(words[1], grouped.windowedBy(sessions)), true);
    } else if (words[0].equals("sliding")) {
      var windows = SlidingWindows.ofTimeDifferenceAndGrace(ms(words[2]), ms(words[3]));
      publish(aggregated(words[1], grouped.windowedBy(windows)), words[4].equals("closed"));
    } else {
      var windows = TimeWindows.ofSizeAndGrace(ms(words[2]), ms(words[4])).advanceBy(ms(words[3]));
      publish(aggregated(words[1], grouped.windowedBy(windows)), words[5].equals("closed"));
    }
    var settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "windows");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:1");
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
    settings.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG,
        "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$InMemoryDslStoreSuppliers");
    try (var driver = new TopologyTestDriver(builder.build(), settings)) {
      TestInputTopic<String, Integer> records =
          driver.createInputTopic("records", new StringSerializer(), Serdes.Integer().serializer());
      for (var line = lines.readLine(); !line.equals("end"); line = lines.readLine()) {
        var record = line.split(" ");
        records.pipeInput(record[0], Integer.parseInt(record[2]), Instant.ofEpochMilli(Long.parseLong(record[1])));
      }
      var results = driver.createOutputTopic("results", new StringDeserializer(), new StringDeserializer());
      while (!results.isEmpty()) {
        var result = results.readKeyValue();
        System.out.println(result.key + " " + result.value);
      }
    }
    System.out.println("end");
  }

  private static <Value> void publish(KTable<Windowed<String>, Value> table, boolean areClosed) {
    var results = areClosed ? table.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())) : table;
    results
        .toStream((key, value) -> key.key() + " " + key.window().start() + " " + key.window().end())
        .mapValues(value -> value.toString())
        .to("results", Produced.with(Serdes.String(), Serdes.String()));
  }

  private static KTable<Windowed<String>, ?> aggregated(String aggregate, TimeWindowedKStream<String, Integer> of) {
    Materialized<String, Integer, WindowStore<Bytes, byte[]>> numbers =
        Materialized.with(Serdes.String(), Serdes.Integer());
    Materialized<String, String, WindowStore<Bytes, byte[]>> texts =
        Materialized.with(Serdes.String(), Serdes.String());
    return switch (aggregate) {
      case "count" -> of.count();
      case "sum" -> of.reduce(Integer::sum, numbers);
      case "min" -> of.reduce(Math::min, numbers);
      case "max" -> of.reduce(Math::max, numbers);
      case "reduce" -> of.aggregate(() -> "", (key, amount, soFar) -> soFar + amount + ";", texts);
      case "collect" -> of.aggregate(
          () -> "[]",
          (key, amount, soFar) -> soFar.equals("[]")
              ? "[" + amount + "]"
              : soFar.substring(0, soFar.length() - 1) + "," + amount + "]",
          texts);
      default -> throw new IllegalArgumentException(aggregate);
    };
  }

  private static KTable<Windowed<String>, ?> aggregated(
      String aggregate, SessionWindowedKStream<String, Integer> of) {
    Materialized<String, Integer, SessionStore<Bytes, byte[]>> numbers =
        Materialized.with(Serdes.String(), Serdes.Integer());
    Materialized<String, String, SessionStore<Bytes, byte[]>> texts =
        Materialized.with(Serdes.String(), Serdes.String());
    return switch (aggregate) {
      case "count" -> of.count();
      case "sum" -> of.reduce(Integer::sum, numbers);
      case "min" -> of.reduce(Math::min, numbers);
      case "max" -> of.reduce(Math::max, numbers);
      default -> of.aggregate(
          () -> "", (key, amount, soFar) -> soFar + amount + ";", (key, left, right) -> left + right, texts);
    };
  }

  private static Duration ms(String word) {
    return Duration.ofMillis(Long.parseLong(word));
  }

  private Windows() {}
}
