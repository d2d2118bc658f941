import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/**
 * An application of Kafka Streams that counts words, exactly once, as two members of a streams group (KIP-1071), of
 * which one leaves; prints what was seen as lines of name=value.
 */
public final class StreamsApplication {
  private static final String group = "counting";
  private static String bootstrapServers;

  public static void main(String[] arguments) throws Exception {
    bootstrapServers = arguments[0];
    var first = start("first");
    var second = start("second");
    while (tasksOf(first) != 4 || tasksOf(second) != 4) Thread.sleep(10);
    report("shared", tasksOf(first) + "," + tasksOf(second));
    report("counted", count(List.of("a", "b", "a", "c", "d"), Map.of("a", 2, "b", 1, "c", 1, "d", 1)));
    // Whoever runs this looks at the group meanwhile.
    System.in.read();
    second.close();
    while (tasksOf(first) != 8) Thread.sleep(10);
    report("taken over", tasksOf(first));
    report("counted on", count(List.of("a", "c"), Map.of("a", 3, "b", 1, "c", 2, "d", 1)));
    first.close();
  }

  private static KafkaStreams start(String name) throws Exception {
    var settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
    settings.put(StreamsConfig.CLIENT_ID_CONFIG, name);
    settings.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "streams");
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("millrace-streams-").toString());
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 50);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    var streams = new KafkaStreams(topology(), settings);
    streams.start();
    return streams;
  }

  /** Two subtopologies of four tasks each, with a repartition topic between them and a changelog. */
  private static Topology topology() {
    var builder = new StreamsBuilder();
    builder
        .stream("words", Consumed.with(Serdes.String(), Serdes.String()))
        .groupBy((key, word) -> word, Grouped.with(Serdes.String(), Serdes.String()))
        .count(
            Materialized.<String, Long>as(Stores.inMemoryKeyValueStore("counts"))
                .withKeySerde(Serdes.String())
                .withValueSerde(Serdes.Long()))
        .toStream()
        .mapValues(String::valueOf)
        .to("counted", Produced.with(Serdes.String(), Serdes.String()));
    return builder.build();
  }

  private static int tasksOf(KafkaStreams streams) {
    return streams.metadataForLocalThreads().stream().mapToInt(thread -> thread.activeTasks().size()).sum();
  }

  /** Sends words, and waits until they are counted as expected. */
  private static String count(List<String> words, Map<String, Integer> expected) {
    var server = Map.<String, Object>of("bootstrap.servers", bootstrapServers);
    try (var producer = new KafkaProducer<>(server, new StringSerializer(), new StringSerializer())) {
      for (var word : words) producer.send(new ProducerRecord<>("words", word));
    }
    var settings = Map.<String, Object>of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
    var counts = new TreeMap<String, Integer>();
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      var partitions = List.of(new TopicPartition("counted", 0));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (!counts.equals(new TreeMap<>(expected))) {
        for (var record : consumer.poll(Duration.ofMillis(50))) counts.put(record.key(), Integer.valueOf(record.value()));
      }
    }
    return counts.entrySet().stream().map(each -> each.getKey() + each.getValue()).collect(Collectors.joining(","));
  }

  private static void report(String name, Object value) {
    System.out.println(name + "=" + value);
  }
}
