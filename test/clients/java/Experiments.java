import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What the tests have Java's own clients do; each prints what it saw as lines of name=value. */
public final class Experiments {
  private static String bootstrapServers;

  public static void main(String[] arguments) {
    bootstrapServers = arguments[0];
    transactions();
    offsetsInTransactions();
    fencing();
    rebalancing();
    sharingByBroker();
  }

  /** Commits, aborts and commits again. */
  private static void transactions() {
    try (var producer = producer("decider")) {
      producer.initTransactions();
      for (var value : List.of("kept", "dropped", "kept too")) {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("decided", value));
        if (value.equals("dropped")) {
          producer.flush();
          producer.abortTransaction();
        } else {
          producer.commitTransaction();
        }
      }
    }
    try (var consumer = consumer("deciders", Map.of("isolation.level", "read_committed"))) {
      consumer.subscribe(List.of("decided"));
      report("committed", read(consumer, 2).stream().map(ConsumerRecord::value));
    }
    try (var consumer = consumer("peekers", Map.of("isolation.level", "read_uncommitted"))) {
      consumer.subscribe(List.of("decided"));
      report("uncommitted", read(consumer, 3).stream().map(ConsumerRecord::value));
    }
  }

  /** Moves records as part of a group: offsets and output in one transaction, of which the second is aborted. */
  private static void offsetsInTransactions() {
    try (var producer = producer("mover"); var consumer = consumer("movers", Map.of())) {
      producer.initTransactions();
      producer.beginTransaction();
      for (var value : List.of("a", "b")) producer.send(new ProducerRecord<>("in", value));
      producer.commitTransaction();

      consumer.subscribe(List.of("in"));
      for (var record : read(consumer, 2)) {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("out", record.value()));
        producer.sendOffsetsToTransaction(
            Map.of(new TopicPartition("in", 0), new OffsetAndMetadata(record.offset() + 1)), consumer.groupMetadata());
        if (record.value().equals("a")) producer.commitTransaction();
        else producer.abortTransaction();
      }
      var partition = new TopicPartition("in", 0);
      report("moved offset", Stream.of(consumer.committed(Set.of(partition)).get(partition).offset()));
    }
    try (var consumer = consumer("out-readers", Map.of("isolation.level", "read_committed"))) {
      consumer.subscribe(List.of("out"));
      report("moved", read(consumer, 1).stream().map(ConsumerRecord::value));
    }
  }

  /** Lets a second owner of a transactional id fence the first. */
  private static void fencing() {
    try (var first = producer("owner"); var second = producer("owner")) {
      first.initTransactions();
      first.beginTransaction();
      first.send(new ProducerRecord<>("owned", "left open"));
      first.flush();
      second.initTransactions();
      try {
        first.commitTransaction();
        report("fenced", Stream.of("no"));
      } catch (KafkaException error) {
        report("fenced", Stream.of(error.getClass().getSimpleName()));
      }
    }
  }

  /** Two members share the partitions of a topic, cooperatively; then one leaves. */
  private static void rebalancing() {
    var settings =
        Map.of("partition.assignment.strategy", CooperativeStickyAssignor.class.getName(), "group.instance.id", "seat-1");
    try (var stays = consumer("sharers", settings)) {
      var others = new HashMap<>(settings);
      others.remove("group.instance.id");
      stays.subscribe(List.of("shared"));
      try (var leaves = consumer("sharers", others)) {
        leaves.subscribe(List.of("shared"));
        pollUntilShared(stays, leaves);
        report("shared", Stream.of(stays, leaves).flatMap(each -> each.assignment().stream()).map(TopicPartition::partition));
      }
      while (stays.assignment().size() != 4) stays.poll(Duration.ofMillis(20));
      report("taken over", stays.assignment().stream().map(TopicPartition::partition));
    }
  }

  /** Two members of a group whose broker shares out the partitions, one of them static; one restarts, then one leaves. */
  private static void sharingByBroker() {
    var settings = Map.of("group.protocol", "consumer");
    var fixed = Map.of("group.protocol", "consumer", "group.instance.id", "seat-2");
    try (var leaves = consumer("broker-sharers", settings); var producer = producer("broker-mover")) {
      leaves.subscribe(List.of("dealt"));
      var stays = consumer("broker-sharers", fixed);
      stays.subscribe(List.of("dealt"));
      pollUntilShared(stays, leaves);
      report("dealt", Stream.of(stays, leaves).flatMap(each -> each.assignment().stream()).map(TopicPartition::partition));
      report("dealt members", describe("broker-sharers").members().stream().map(member -> member.groupInstanceId().orElse("-")));
      var seat = Set.copyOf(stays.assignment());
      stays.close();
      stays = consumer("broker-sharers", fixed);
      stays.subscribe(List.of("dealt"));
      while (stays.assignment().isEmpty()) stays.poll(Duration.ofMillis(20));
      report("dealt again", Stream.of(seat.equals(stays.assignment())));

      var partition = seat.iterator().next();
      producer.initTransactions();
      producer.beginTransaction();
      producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(5)), stays.groupMetadata());
      producer.commitTransaction();
      report("dealt offset", Stream.of(stays.committed(Set.of(partition)).get(partition).offset()));
      stays.commitSync(Map.of(partition, new OffsetAndMetadata(7)));
      report("dealt next offset", Stream.of(stays.committed(Set.of(partition)).get(partition).offset()));

      leaves.unsubscribe();
      while (stays.assignment().size() != 4) stays.poll(Duration.ofMillis(20));
      report("dealt to one", stays.assignment().stream().map(TopicPartition::partition));
      stays.close();
    }
  }

  private static void pollUntilShared(KafkaConsumer<String, String> one, KafkaConsumer<String, String> other) {
    while (one.assignment().size() != 2 || other.assignment().size() != 2) {
      one.poll(Duration.ofMillis(20));
      other.poll(Duration.ofMillis(20));
    }
  }

  private static ConsumerGroupDescription describe(String groupId) {
    try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      return admin.describeConsumerGroups(List.of(groupId)).all().get().get(groupId);
    } catch (InterruptedException | ExecutionException error) {
      throw new IllegalStateException(error);
    }
  }

  private static List<ConsumerRecord<String, String>> read(KafkaConsumer<String, String> consumer, int count) {
    var records = new ArrayList<ConsumerRecord<String, String>>();
    while (records.size() < count) consumer.poll(Duration.ofSeconds(1)).forEach(records::add);
    return records;
  }

  private static void report(String name, Stream<?> values) {
    System.out.println(name + "=" + values.map(String::valueOf).sorted().collect(Collectors.joining(",")));
  }

  private static KafkaProducer<String, String> producer(String transactionalId) {
    var settings = new Properties();
    settings.put("bootstrap.servers", bootstrapServers);
    settings.put("transactional.id", transactionalId);
    settings.put("compression.type", "zstd");
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
  }

  private static KafkaConsumer<String, String> consumer(String groupId, Map<String, String> more) {
    var settings = new Properties();
    settings.put("bootstrap.servers", bootstrapServers);
    settings.put("group.id", groupId);
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    settings.put("fetch.max.wait.ms", "20");
    settings.putAll(more);
    // Members of the newer protocol are told by the broker.
    if (!more.containsKey("group.protocol")) settings.put("heartbeat.interval.ms", "50");
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }
}
