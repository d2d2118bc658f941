import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Prints the values of a topic, to the end that its isolation level lets a consumer see: servers, topic, level. */
public final class ReadAll {
  public static void main(String[] arguments) {
    var settings = Map.<String, Object>of("bootstrap.servers", arguments[0], "isolation.level", arguments[2]);
    var strings = new StringDeserializer();
    try (var consumer = new KafkaConsumer<>(settings, strings, strings)) {
      var partitions = consumer.partitionsFor(arguments[1]).stream()
          .map(partition -> new TopicPartition(arguments[1], partition.partition()))
          .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        consumer.poll(Duration.ofMillis(100)).forEach(record -> System.out.println(record.value()));
      }
    }
  }
}
